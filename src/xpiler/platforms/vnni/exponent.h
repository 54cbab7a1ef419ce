// Exponents and mantissas of floats (SDM, VGETEXPPS, VGETMANTPS), by their bits. Unmarked: read, never written.
#pragma once

#define _MM_MANTISSA_NORM_ENUM int
#define _MM_MANTISSA_SIGN_ENUM int
enum { _MM_MANT_NORM_1_2, _MM_MANT_NORM_p5_2, _MM_MANT_NORM_p5_1, _MM_MANT_NORM_p75_1p5 };
enum { _MM_MANT_SIGN_src, _MM_MANT_SIGN_zero, _MM_MANT_SIGN_nan };

// The bits below the sign; of a subnormal, which has no leading one, those of the whole number that it is of 2^-149.
inline int xp_size(float a) { return xp_int_bits(a) & 2147483647; }
inline int xp_led(int size) { return size < 8388608 ? xp_int_bits((float)size) : size; }
inline float xp_getexp(float a) {
  int size = xp_size(a);
  float exponent = (float)((xp_led(size) >> 23) - (size < 8388608 ? 127 + 149 : 127));
  return a != a ? a : size == 0 ? -__builtin_inff() : size == 2139095040 ? __builtin_inff() : exponent;
}
// With the sign of a, at least 1 and below 2; of zero and infinity 1.
inline float xp_getmant(float a) {
  int fraction = xp_led(xp_size(a)) & 8388607;
  float mantissa = xp_float_of(fraction | 1065353216);
  return a != a ? a : xp_int_bits(a) < 0 ? -mantissa : mantissa;
}
#define XP_EXPONENTS(P, V, N, K, unused)                                                               \
  inline V P##_getexp_ps(V a) {                                                                        \
    V r;                                                                                               \
    for (int i = 0; i < N; ++i) r.v[i] = xp_getexp(a.v[i]);                                            \
    return r;                                                                                          \
  }                                                                                                    \
  inline V P##_getmant_ps(V a, int norm, int sign) {                                                   \
    XP_REQUIRE(norm == 0 && sign == 0, "mantissas from elsewhere than 1 to 2, or without their sign"); \
    V r;                                                                                               \
    for (int i = 0; i < N; ++i) r.v[i] = xp_getmant(a.v[i]);                                           \
    return r;                                                                                          \
  }                                                                                                    \
  XP_MASKED(P, V, K, ps, getexp_ps, (V a), (a))                                                        \
  XP_MASKED(P, V, K, ps, getmant_ps, (V a, int norm, int sign), (a, norm, sign))
XP_WIDTHS_PS(XP_EXPONENTS, )
#undef XP_EXPONENTS
