// The 16 bits of a half or bfloat16, and the halves of a pair.
#pragma once

#ifdef XP_READING
#define XP_NARROW_BITS(T, name, canonical)                                      \
  XP_MATH("bits." canonical ".i16") short __##name##_as_short(T a);             \
  XP_MATH("bits." canonical ".u16") unsigned short __##name##_as_ushort(T a);   \
  XP_MATH("bits.i16." canonical) T __short_as_##name(short a);                  \
  XP_MATH("bits.u16." canonical) T __ushort_as_##name(unsigned short a);
#else
#define XP_NARROW_BITS(T, name, canonical)                                                   \
  inline short __##name##_as_short(T a) { return xp_bits<short>(a); }                        \
  inline unsigned short __##name##_as_ushort(T a) { return xp_bits<unsigned short>(a); }     \
  inline T __short_as_##name(short a) { return xp_bits<T>(a); }                              \
  inline T __ushort_as_##name(unsigned short a) { return xp_bits<T>(a); }
#endif
XP_NARROW_BITS(half, half, "f16")
XP_NARROW_BITS(xp_bf16, bfloat16, "bf16")
#undef XP_NARROW_BITS

#define XP_NARROW_PAIR(T, T2, half, half2)                                    \
  inline T2 make_##half2(T x, T y) { return {x, y}; }                         \
  inline T2 __halves2##half2(T x, T y) { return {x, y}; }                     \
  inline T2 __##half##2##half2(T a) { return {a, a}; }                        \
  inline T __low2##half(T2 a) { return a.x; }                                 \
  inline T __high2##half(T2 a) { return a.y; }                                \
  inline T2 __low2##half2(T2 a) { return {a.x, a.x}; }                        \
  inline T2 __high2##half2(T2 a) { return {a.y, a.y}; }                       \
  inline T2 __lows2##half2(T2 a, T2 b) { return {a.x, b.x}; }                 \
  inline T2 __highs2##half2(T2 a, T2 b) { return {a.y, b.y}; }                \
  inline T2 __lowhigh2highlow(T2 a) { return {a.y, a.x}; }                    \
  inline float __low2float(T2 a) { return (float)a.x; }                       \
  inline float __high2float(T2 a) { return (float)a.y; }                      \
  inline T2 __floats2##half2##_rn(float x, float y) { return {(T)x, (T)y}; }  \
  inline T2 __float2##half2##_rn(float a) { return {(T)a, (T)a}; }            \
  inline T2 __float22##half2##_rn(float2 a) { return {(T)a.x, (T)a.y}; }      \
  inline float2 __##half##22float2(T2 a) { return {(float)a.x, (float)a.y}; }
XP_NARROW_PAIR(half, half2, half, half2)
XP_NARROW_PAIR(xp_bf16, xp_bf162, bfloat16, bfloat162)
#undef XP_NARROW_PAIR
