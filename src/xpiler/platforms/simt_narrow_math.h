// Arithmetic, comparisons and functions of half and bfloat16, alone and in pairs (CUDA Math API, "Half Precision
// Intrinsics"): worked out in float and rounded once.
#pragma once

#ifdef XP_READING
#define XP_NARROW_FMA(a, b, c) fmaf(a, b, c)
#define XP_NARROW_MIN(a, b) fminf(a, b)
#define XP_NARROW_MAX(a, b) fmaxf(a, b)
#else
// The double nearest to the exact a * b + c that has an odd last digit if it is not exact: it rounds on correctly.
inline double xp_narrow_fma(double a, double b, double c) {
  const double sum = a * b + c, rest = xp_left(a * b, c);
  const long long bits = __double_as_longlong(sum);
  if (!(rest < 0 || rest > 0) || bits & 1) return sum;
  return __longlong_as_double((rest > 0) == (sum > 0) ? bits + 1 : bits - 1);
}
// Of two zeros, -0 is the smaller.
inline float xp_narrow_min(float a, float b) { return a == b ? (std::signbit(a) ? a : b) : fmin(a, b); }
inline float xp_narrow_max(float a, float b) { return a == b ? (std::signbit(a) ? b : a) : fmax(a, b); }
#define XP_NARROW_FMA(a, b, c) xp_narrow_fma(a, b, c)
#define XP_NARROW_MIN(a, b) xp_narrow_min(a, b)
#define XP_NARROW_MAX(a, b) xp_narrow_max(a, b)
#endif

// A function of one value and its pair form.
#define XP_ONE(T, T2, name, name2, value)     \
  inline T name(T a) {                        \
    const float x = (float)a;                 \
    return (T)(value);                        \
  }                                           \
  inline T2 name2(T2 a) { return {name(a.x), name(a.y)}; }
#define XP_TWO(T, T2, name, name2, value)     \
  inline T name(T a, T b) {                   \
    const float x = (float)a, y = (float)b;   \
    return (T)(value);                        \
  }                                           \
  inline T2 name2(T2 a, T2 b) { return {name(a.x, b.x), name(a.y, b.y)}; }
#define XP_THREE(T, T2, name, name2, value)                \
  inline T name(T a, T b, T c) {                           \
    const float x = (float)a, y = (float)b, z = (float)c;  \
    return (T)(value);                                     \
  }                                                        \
  inline T2 name2(T2 a, T2 b, T2 c) { return {name(a.x, b.x, c.x), name(a.y, b.y, c.y)}; }
// A comparison: of two values, of both pairs, by lane as 1 and 0, and by lane as bits; true of NaN in the u forms.
#define XP_ORDERED(T, T2, tail, holds)                                                               \
  inline bool __h##tail(T a, T b) {                                                                  \
    const float x = (float)a, y = (float)b;                                                          \
    return holds;                                                                                    \
  }                                                                                                  \
  inline bool __hb##tail##2(T2 a, T2 b) { return __h##tail(a.x, b.x) && __h##tail(a.y, b.y); }       \
  inline T2 __h##tail##2(T2 a, T2 b) {                                                               \
    return {(T)(__h##tail(a.x, b.x) ? 1.0f : 0.0f), (T)(__h##tail(a.y, b.y) ? 1.0f : 0.0f)};         \
  }                                                                                                  \
  inline unsigned __h##tail##2_mask(T2 a, T2 b) {                                                    \
    return (__h##tail(a.x, b.x) ? 0xffffu : 0u) | (__h##tail(a.y, b.y) ? 0xffff0000u : 0u);          \
  }
#define XP_COMPARE(T, T2, tail, op)                                                                  \
  XP_ORDERED(T, T2, tail, x op y && !isnan(x) && !isnan(y))                                          \
  XP_ORDERED(T, T2, tail##u, x op y || isnan(x) || isnan(y))
#define XP_UPDATE(T2, op)                                   \
  inline T2& operator op##=(T2& a, const T2& b) {           \
    a.x = a.x op b.x;                                       \
    a.y = a.y op b.y;                                       \
    return a;                                               \
  }

#define XP_NARROW_MATH(T, T2)                                                                        \
  XP_TWO(T, T2, __hadd, __hadd2, x + y)                                                              \
  XP_TWO(T, T2, __hsub, __hsub2, x - y)                                                              \
  XP_TWO(T, T2, __hmul, __hmul2, x * y)                                                              \
  XP_TWO(T, T2, __hdiv, __h2div, x / y)                                                              \
  XP_TWO(T, T2, __hadd_rn, __hadd2_rn, x + y)                                                        \
  XP_TWO(T, T2, __hsub_rn, __hsub2_rn, x - y)                                                        \
  XP_TWO(T, T2, __hmul_rn, __hmul2_rn, x * y)                                                        \
  XP_TWO(T, T2, __hadd_sat, __hadd2_sat, __saturatef(x + y))                                         \
  XP_TWO(T, T2, __hsub_sat, __hsub2_sat, __saturatef(x - y))                                         \
  XP_TWO(T, T2, __hmul_sat, __hmul2_sat, __saturatef(x * y))                                         \
  XP_THREE(T, T2, __hfma, __hfma2, XP_NARROW_FMA(x, y, z))                                           \
  XP_THREE(T, T2, __hfma_sat, __hfma2_sat, __saturatef((float)(T)XP_NARROW_FMA(x, y, z)))            \
  XP_THREE(T, T2, __hfma_relu, __hfma2_relu, xp_relu((float)(T)XP_NARROW_FMA(x, y, z)))              \
  XP_ONE(T, T2, __hneg, __hneg2, -x)                                                                 \
  XP_ONE(T, T2, __habs, __habs2, fabsf(x))                                                           \
  XP_TWO(T, T2, __hmax, __hmax2, XP_NARROW_MAX(x, y))                                                \
  XP_TWO(T, T2, __hmin, __hmin2, XP_NARROW_MIN(x, y))                                                \
  XP_TWO(T, T2, __hmax_nan, __hmax2_nan, isnan(x) || isnan(y) ? x + y : XP_NARROW_MAX(x, y))         \
  XP_TWO(T, T2, __hmin_nan, __hmin2_nan, isnan(x) || isnan(y) ? x + y : XP_NARROW_MIN(x, y))         \
  XP_COMPARE(T, T2, eq, ==)                                                                          \
  XP_COMPARE(T, T2, ne, !=)                                                                          \
  XP_COMPARE(T, T2, lt, <)                                                                           \
  XP_COMPARE(T, T2, le, <=)                                                                          \
  XP_COMPARE(T, T2, gt, >)                                                                           \
  XP_COMPARE(T, T2, ge, >=)                                                                          \
  inline bool __hisnan(T a) { return isnan((float)a); }                                              \
  inline T2 __hisnan2(T2 a) { return {(T)(__hisnan(a.x) ? 1.0f : 0.0f), (T)(__hisnan(a.y) ? 1.0f : 0.0f)}; } \
  inline int __hisinf(T a) { return isinf((float)a) ? ((float)a < 0 ? -1 : 1) : 0; }                 \
  XP_ONE(T, T2, hexp, h2exp, expf(x))                                                                \
  XP_ONE(T, T2, hexp2, h2exp2, exp2f(x))                                                             \
  XP_ONE(T, T2, hexp10, h2exp10, exp10f(x))                                                          \
  XP_ONE(T, T2, hlog, h2log, logf(x))                                                                \
  XP_ONE(T, T2, hlog2, h2log2, log2f(x))                                                             \
  XP_ONE(T, T2, hlog10, h2log10, log10f(x))                                                          \
  XP_ONE(T, T2, hsqrt, h2sqrt, sqrtf(x))                                                             \
  XP_ONE(T, T2, hrsqrt, h2rsqrt, rsqrtf(x))                                                          \
  XP_ONE(T, T2, hrcp, h2rcp, 1 / x)                                                                  \
  XP_ONE(T, T2, hsin, h2sin, sinf(x))                                                                \
  XP_ONE(T, T2, hcos, h2cos, cosf(x))                                                                \
  XP_ONE(T, T2, htanh, h2tanh, tanhf(x))                                                             \
  XP_ONE(T, T2, htanh_approx, h2tanh_approx, tanhf(x))                                               \
  XP_ONE(T, T2, hfloor, h2floor, floorf(x))                                                          \
  XP_ONE(T, T2, hceil, h2ceil, ceilf(x))                                                             \
  XP_ONE(T, T2, hrint, h2rint, rintf(x))                                                             \
  XP_ONE(T, T2, htrunc, h2trunc, truncf(x))                                                          \
  inline T2 __hcmadd(T2 a, T2 b, T2 c) {                                                             \
    return {__hfma(__hneg(a.y), b.y, __hfma(a.x, b.x, c.x)), __hfma(a.y, b.x, __hfma(a.x, b.y, c.y))}; \
  }                                                                                                  \
  inline T2 operator+(T2 a, T2 b) { return __hadd2(a, b); }                                          \
  inline T2 operator-(T2 a, T2 b) { return __hsub2(a, b); }                                          \
  inline T2 operator*(T2 a, T2 b) { return __hmul2(a, b); }                                          \
  inline T2 operator/(T2 a, T2 b) { return __h2div(a, b); }                                          \
  inline T2 operator+(T2 a) { return a; }                                                            \
  inline T2 operator-(T2 a) { return __hneg2(a); }                                                   \
  inline bool operator==(T2 a, T2 b) { return __hbeq2(a, b); }                                       \
  inline bool operator!=(T2 a, T2 b) { return __hbneu2(a, b); }                                      \
  inline bool operator<(T2 a, T2 b) { return __hblt2(a, b); }                                        \
  inline bool operator<=(T2 a, T2 b) { return __hble2(a, b); }                                       \
  inline bool operator>(T2 a, T2 b) { return __hbgt2(a, b); }                                        \
  inline bool operator>=(T2 a, T2 b) { return __hbge2(a, b); }                                       \
  XP_UPDATE(T2, +)                                                                                   \
  XP_UPDATE(T2, -)                                                                                   \
  XP_UPDATE(T2, *)                                                                                   \
  XP_UPDATE(T2, /)
// Not below zero; NaN stays what it is.
inline float xp_relu(float a) { return a < 0 ? 0 : a; }
XP_NARROW_MATH(half, half2)
XP_NARROW_MATH(xp_bf16, xp_bf162)
#undef XP_NARROW_MATH
#undef XP_UPDATE
#undef XP_COMPARE
#undef XP_ORDERED
#undef XP_ONE
#undef XP_TWO
#undef XP_THREE
#undef XP_NARROW_FMA
#undef XP_NARROW_MIN
#undef XP_NARROW_MAX
