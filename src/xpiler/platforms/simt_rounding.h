// Arithmetic with a stated rounding: _rn to nearest even, _rz to zero, _rd down, _ru up (CUDA Math API, "Intrinsics").
//
// The directed forms start from the nearest number and take one step where the exact result lies on its other side:
// `error` has the sign of exact - nearest.
#pragma once

#if defined(XP_REAL_F64)
// Every float is a double here, and one rounding is as good as another.
inline double xp_down(double near, double) { return near; }
inline double xp_up(double near, double) { return near; }
#else
#define XP_DIRECTED(T, I, as_bits, as_real)                                              \
  inline T xp_down(T near, T error) {                                                    \
    const I bits = as_bits(near);                                                        \
    const T under = near == (T)0 ? as_real((I)1 | (I)1 << (8 * sizeof(I) - 1))           \
                                 : as_real(near > (T)0 ? bits - 1 : bits + 1);           \
    return error < (T)0 ? under : near;                                                  \
  }                                                                                      \
  inline T xp_up(T near, T error) {                                                      \
    const I bits = as_bits(near);                                                        \
    const T over = near == (T)0 ? as_real((I)1) : as_real(near > (T)0 ? bits + 1 : bits - 1); \
    return error > (T)0 ? over : near;                                                   \
  }
XP_DIRECTED(float, int, __float_as_int, __int_as_float)
XP_DIRECTED(double, long long, __double_as_longlong, __longlong_as_double)
#undef XP_DIRECTED
#endif
template <class T>
inline T xp_toward_zero(T near, T error) {
  return near > (T)0 ? xp_down(near, error) : near < (T)0 ? xp_up(near, error) : near;
}

// The sign of (wide + rest) - near, where near is a nearest float; an overflow is beyond every float.
inline float xp_beside(double wide, double rest, float near) {
  return isnan((double)near) || wide == (double)near && !(rest < 0 || rest > 0) ? 0
       : (double)near > wide || (double)near == wide && rest < 0 ? -1 : 1;
}
// What an addition in double leaves over.
inline double xp_left(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  return isinf(sum) ? (isinf(a) || isinf(b) ? 0 : -sum) : (a - (sum - part)) + (b - part);
}

#define XP_ROUNDED(T, name, params, nearest, error)                                      \
  inline T name##_rn params { return nearest; }                                          \
  inline T name##_rd params { return xp_down((T)(nearest), (T)(error)); }                \
  inline T name##_ru params { return xp_up((T)(nearest), (T)(error)); }                  \
  inline T name##_rz params { return xp_toward_zero((T)(nearest), (T)(error)); }
XP_ROUNDED(float, __fadd, (float a, float b), a + b,
           xp_beside((double)a + (double)b, xp_left(a, b), a + b))
XP_ROUNDED(float, __fsub, (float a, float b), a - b,
           xp_beside((double)a - (double)b, xp_left(a, -b), a - b))
XP_ROUNDED(float, __fmul, (float a, float b), a * b, xp_beside((double)a * (double)b, 0, a * b))
XP_ROUNDED(float, __fdiv, (float a, float b), a / b, xp_beside((double)a / (double)b, 0, a / b))
XP_ROUNDED(float, __frcp, (float a), 1 / a, xp_beside(1 / (double)a, 0, 1 / a))
XP_ROUNDED(float, __fsqrt, (float a), sqrtf(a), xp_beside(sqrt((double)a), 0, sqrtf(a)))
XP_ROUNDED(float, __fmaf, (float a, float b, float c), fmaf(a, b, c),
           xp_beside((double)a * (double)b + (double)c, xp_left((double)a * (double)b, (double)c), fmaf(a, b, c)))
XP_ROUNDED(float, __fmaf_ieee, (float a, float b, float c), fmaf(a, b, c),
           xp_beside((double)a * (double)b + (double)c, xp_left((double)a * (double)b, (double)c), fmaf(a, b, c)))
inline float __frsqrt_rn(float a) { return rsqrtf(a); }

// What is left over of other operations in double; an overflow is beyond every number.
inline double xp_less(double exact_minus_near, double near, bool finite) {
  return isinf(near) ? (finite ? -near : 0) : isnan(exact_minus_near) ? 0 : exact_minus_near;
}
XP_ROUNDED(double, __dadd, (double a, double b), a + b, xp_left(a, b))
XP_ROUNDED(double, __dsub, (double a, double b), a - b, xp_left(a, -b))
// Scaled by powers of two where they would be too small to be seen.
inline double xp_left_mul(double a, double b, double near) {
  const double s = fabs(near) < 1e-200 ? 0x1p300 : 1;
  return fabs(a) < fabs(b) ? fma(a * s, b, -(near * s)) : fma(a, b * s, -(near * s));
}
inline double xp_left_div(double a, double b, double near) {
  const double s = fabs(a) < 1e-200 ? 0x1p300 : 1;
  return fma(-(near * s), b, a * s) * (b < 0 ? -1 : 1);
}
inline double xp_left_sqrt(double a, double near) {
  const double s = fabs(a) < 1e-200 ? 0x1p300 : 1;
  return fma(-(near * s), near * s, a * s * s);
}
XP_ROUNDED(double, __dmul, (double a, double b), a * b,
           xp_less(xp_left_mul(a, b, a * b), a * b, isfinite(a) && isfinite(b)))
XP_ROUNDED(double, __ddiv, (double a, double b), a / b,
           xp_less(xp_left_div(a, b, a / b), a / b, isfinite(a) && b != 0))
XP_ROUNDED(double, __drcp, (double a), 1 / a, xp_less(xp_left_div(1.0, a, 1 / a), 1 / a, a != 0))
XP_ROUNDED(double, __dsqrt, (double a), sqrt(a), xp_less(xp_left_sqrt(a, sqrt(a)), sqrt(a), false))
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
