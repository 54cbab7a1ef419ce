// Functions of one element that kernels and the bodies of intrinsics call.
#pragma once

#ifdef XP_READING
#define XP_REAL1(canonical, name)                \
  XP_MATH(canonical) float name##f(float a);     \
  XP_MATH(canonical) double name(double a);      \
  XP_MATH(canonical) float name(float a);        \
  namespace std {                                \
  using ::name;                                  \
  using ::name##f;                               \
  }
#define XP_REAL2(canonical, name)                       \
  XP_MATH(canonical) float name##f(float a, float b);   \
  XP_MATH(canonical) double name(double a, double b);   \
  XP_MATH(canonical) float name(float a, float b);      \
  namespace std {                                       \
  using ::name;                                         \
  using ::name##f;                                      \
  }
XP_REAL1("exp", exp)
XP_REAL1("exp2", exp2)
XP_REAL1("expm1", expm1)
XP_REAL1("log", log)
XP_REAL1("log2", log2)
XP_REAL1("log10", log10)
XP_REAL1("log1p", log1p)
XP_REAL1("sqrt", sqrt)
XP_REAL1("cbrt", cbrt)
XP_REAL1("tanh", tanh)
XP_REAL1("sinh", sinh)
XP_REAL1("cosh", cosh)
XP_REAL1("erf", erf)
XP_REAL1("erfc", erfc)
XP_REAL1("sin", sin)
XP_REAL1("cos", cos)
XP_REAL1("tan", tan)
XP_REAL1("asin", asin)
XP_REAL1("acos", acos)
XP_REAL1("atan", atan)
XP_REAL1("floor", floor)
XP_REAL1("ceil", ceil)
XP_REAL1("round", round)
XP_REAL1("rint", rint)
XP_REAL1("rint", nearbyint)
XP_REAL1("trunc", trunc)
XP_REAL1("abs", fabs)
XP_REAL2("pow", pow)
XP_REAL2("atan2", atan2)
XP_REAL2("fmod", fmod)
XP_REAL2("hypot", hypot)
XP_REAL2("min", fmin)
XP_REAL2("max", fmax)
#undef XP_REAL1
#undef XP_REAL2
XP_MATH("fma") float fmaf(float a, float b, float c);
XP_MATH("fma") float fma(float a, float b, float c);
XP_MATH("rsqrt") float rsqrtf(float a);
XP_MATH("rsqrt") float rsqrt(float a);
XP_MATH("abs") int abs(int a);
XP_MATH("abs") long llabs(long a);
XP_MATH("abs") float abs(float a);
XP_MATH("isnan") bool isnan(float a);
XP_MATH("isinf") bool isinf(float a);
#define XP_ORDER(T)                  \
  XP_MATH("min") T min(T a, T b);    \
  XP_MATH("max") T max(T a, T b);
XP_ORDER(int)
XP_ORDER(unsigned)
XP_ORDER(long)
XP_ORDER(unsigned long)
XP_ORDER(float)
XP_ORDER(half)
XP_ORDER(double)
#undef XP_ORDER
namespace std {
using ::abs;
using ::fma;
using ::isinf;
using ::isnan;
// By reference in the standard; by value the meaning is the same.
#define XP_ORDER(T)               \
  XP_MATH("min") T min(T a, T b); \
  XP_MATH("max") T max(T a, T b);
XP_ORDER(int)
XP_ORDER(unsigned)
XP_ORDER(long)
XP_ORDER(unsigned long)
XP_ORDER(float)
XP_ORDER(half)
XP_ORDER(double)
#undef XP_ORDER
template <class T>
XP_MATH("min") T min(T a, T b);
template <class T>
XP_MATH("max") T max(T a, T b);
}  // namespace std
#else
template <class A, class B>
inline std::common_type_t<A, B> min(A a, B b) {
  return b < a ? b : a;
}
template <class A, class B>
inline std::common_type_t<A, B> max(A a, B b) {
  return a < b ? b : a;
}
inline float rsqrtf(float a) { return 1.0f / sqrtf(a); }
#endif

// Scalar conversions (sec 3.26). Up: toward +inf; rd: to nearest, ties away from zero; rn: ties to even.
inline half __float2half_rn(float a) { return (half)a; }
inline float __half2float(half a) { return (float)a; }
inline int __float2int32(float a) { return (int)truncf(a); }
inline int __float2int32_rd(float a) { return (int)roundf(a); }
inline int __float2int32_up(float a) { return (int)ceilf(a); }
inline int __half2int32(half a) { return (int)truncf((float)a); }
inline int __half2int32_up(half a) { return (int)ceilf((float)a); }
inline float __cn_scalar_sin_f32(float a) { return sinf(a); }
inline float __cn_scalar_cos_f32(float a) { return cosf(a); }
inline half __cn_scalar_sin_f16(half a) { return (half)sinf((float)a); }
inline half __cn_scalar_cos_f16(half a) { return (half)cosf((float)a); }
