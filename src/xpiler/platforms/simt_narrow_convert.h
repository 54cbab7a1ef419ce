// Half and bfloat16 from and to other numbers, with a stated rounding.
#pragma once

// One step from `near` where it is on the wrong side of the exact number.
#define XP_NARROW_STEPS(T, name)                                                                                       \
  inline T xp_narrow_down(T near, double side) {                                                                       \
    const short bits = __##name##_as_short(near);                                                                      \
    const T under = __short_as_##name((short)((double)near == 0 ? -32767 : (double)near > 0 ? bits - 1 : bits + 1));   \
    return side < 0 ? under : near;                                                                                    \
  }                                                                                                                    \
  inline T xp_narrow_up(T near, double side) {                                                                         \
    const short bits = __##name##_as_short(near);                                                                      \
    const T over = __short_as_##name((short)((double)near == 0 ? 1 : (double)near > 0 ? bits + 1 : bits - 1));         \
    return side > 0 ? over : near;                                                                                     \
  }                                                                                                                    \
  inline T xp_narrow_zero(T near, double side) {                                                                       \
    return (double)near > 0 ? xp_narrow_down(near, side) : (double)near < 0 ? xp_narrow_up(near, side) : near;         \
  }
// Which side of `near` the exact number wide + rest is on.
#define XP_SIDE(near, wide, rest) ((double)(near) > (wide) ? -1.0 : (double)(near) < (wide) ? 1.0 : (rest))
#define XP_TO_NARROW(T, from, name, F, wide, rest)                                                                     \
  inline T __##from##2##name##_rn(F a) { return (T)a; }                                                                \
  inline T __##from##2##name##_rz(F a) { return xp_narrow_zero((T)a, XP_SIDE((T)a, wide, rest)); }                     \
  inline T __##from##2##name##_rd(F a) { return xp_narrow_down((T)a, XP_SIDE((T)a, wide, rest)); }                     \
  inline T __##from##2##name##_ru(F a) { return xp_narrow_up((T)a, XP_SIDE((T)a, wide, rest)); }
#define XP_FROM_NARROW(T, name, to, I)                                                                                 \
  inline I __##name##2##to##_rn(T a) { return XP_INTEGER(I, rintf((float)a)); }                                        \
  inline I __##name##2##to##_rz(T a) { return XP_INTEGER(I, truncf((float)a)); }                                       \
  inline I __##name##2##to##_rd(T a) { return XP_INTEGER(I, floorf((float)a)); }                                       \
  inline I __##name##2##to##_ru(T a) { return XP_INTEGER(I, ceilf((float)a)); }
#define XP_NARROW_INTEGER(T, name, tail, I, wide, rest)                                                                \
  XP_TO_NARROW(T, tail, name, I, wide, rest)                                                                           \
  XP_FROM_NARROW(T, name, tail, I)
#define XP_NARROW(T, name)                                                                                             \
  XP_NARROW_STEPS(T, name)                                                                                             \
  XP_TO_NARROW(T, float, name, float, (double)a, 0.0)                                                                  \
  XP_NARROW_INTEGER(T, name, int, int, (double)a, 0.0)                                                                 \
  XP_NARROW_INTEGER(T, name, uint, unsigned, (double)a, 0.0)                                                           \
  XP_NARROW_INTEGER(T, name, short, short, (double)a, 0.0)                                                             \
  XP_NARROW_INTEGER(T, name, ushort, unsigned short, (double)a, 0.0)                                                   \
  XP_NARROW_INTEGER(T, name, ll, long long, XP_HIGH(a) + XP_LOW(a), xp_left(XP_HIGH(a), XP_LOW(a)))                    \
  XP_NARROW_INTEGER(T, name, ull, unsigned long long, XP_HIGH(a) + XP_LOW(a), xp_left(XP_HIGH(a), XP_LOW(a)))          \
  inline signed char __##name##2char_rz(T a) { return XP_INTEGER(signed char, truncf((float)a)); }                     \
  inline unsigned char __##name##2uchar_rz(T a) { return XP_INTEGER(unsigned char, truncf((float)a)); }                \
  inline T __float2##name(float a) { return (T)a; }                                                                    \
  inline T __double2##name(double a) { return (T)a; }                                                                  \
  inline float __##name##2float(T a) { return (float)a; }
XP_NARROW(half, half)
XP_NARROW(xp_bf16, bfloat16)
#undef XP_NARROW
#undef XP_NARROW_INTEGER
#undef XP_FROM_NARROW
#undef XP_TO_NARROW
#undef XP_NARROW_STEPS
#undef XP_INTEGER
#undef XP_SIDE
#undef XP_HIGH
#undef XP_LOW
