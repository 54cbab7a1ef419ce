// Functions of one or two numbers: <math.h>, <cmath>, std::min and std::max (C17 7.12). A text is read and run as
// C++, where exp of a float is a float.
#pragma once

#ifdef XP_READING
#define XP_REAL1(canonical, name)                       \
  XP_MATH(canonical) float name##f(float a);            \
  XP_MATH(canonical) double name(double a);             \
  XP_MATH(canonical) float name(float a);               \
  inline double name(int a) { return name((double)a); } \
  namespace std {                                       \
  using ::name;                                         \
  using ::name##f;                                      \
  }
#define XP_REAL2(canonical, name)                                           \
  XP_MATH(canonical) float name##f(float a, float b);                       \
  XP_MATH(canonical) double name(double a, double b);                       \
  XP_MATH(canonical) float name(float a, float b);                          \
  inline double name(double a, float b) { return name(a, (double)b); }      \
  inline double name(float a, double b) { return name((double)a, b); }      \
  inline double name(double a, int b) { return name(a, (double)b); }        \
  inline double name(int a, double b) { return name((double)a, b); }        \
  inline double name(float a, int b) { return name((double)a, (double)b); } \
  inline double name(int a, float b) { return name((double)a, (double)b); } \
  inline double name(int a, int b) { return name((double)a, (double)b); }   \
  namespace std {                                                           \
  using ::name;                                                             \
  using ::name##f;                                                          \
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
XP_REAL1("asinh", asinh)
XP_REAL1("acosh", acosh)
XP_REAL1("atanh", atanh)
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
XP_REAL2("copysign", copysign)
XP_REAL2("min", fmin)
XP_REAL2("max", fmax)
#undef XP_REAL1
#undef XP_REAL2
XP_MATH("fma") float fmaf(float a, float b, float c);
XP_MATH("fma") double fma(double a, double b, double c);
XP_MATH("fma") float fma(float a, float b, float c);
XP_MATH("abs") int abs(int a);
XP_MATH("abs") long labs(long a);
XP_MATH("abs") long long llabs(long long a);
// In C these are macros for every real type.
XP_MATH("isnan") bool isnan(float a);
XP_MATH("isnan") bool isnan(double a);
XP_MATH("isinf") bool isinf(float a);
XP_MATH("isinf") bool isinf(double a);
XP_MATH("isfinite") bool isfinite(float a);
XP_MATH("isfinite") bool isfinite(double a);
XP_MATH("signbit") bool signbit(float a);
XP_MATH("signbit") bool signbit(double a);
inline long lrintf(float a) { return (long)rintf(a); }
inline long lrint(double a) { return (long)rint(a); }
inline long lroundf(float a) { return (long)roundf(a); }
inline long lround(double a) { return (long)round(a); }
inline float ldexpf(float a, int n) { return a * exp2f((float)n); }
inline double ldexp(double a, int n) { return a * exp2((double)n); }

XP_MATH("abs") float abs(float a);
XP_MATH("abs") double abs(double a);
XP_MATH("abs") long abs(long a);

namespace std {
using ::abs;
using ::fma;
using ::fmaf;
using ::isfinite;
using ::isinf;
using ::isnan;
using ::signbit;
// By reference in the library; by value the meaning is the same.
template <class T>
XP_MATH("min") T min(T a, T b);
template <class T>
XP_MATH("max") T max(T a, T b);
}  // namespace std

// The bits of a number as another type.
XP_MATH("bits.f32.i32") int xp_int_bits(float a);
XP_MATH("bits.i32.f32") float xp_float_of(int a);
XP_MATH("bits.f64.i64") long long xp_quad_bits(double a);
XP_MATH("bits.i64.f64") double xp_double_of(long long a);
XP_MATH("bits.f16.u16") unsigned short xp_half_bits(_Float16 a);
XP_MATH("bits.u16.f16") _Float16 xp_half_of(unsigned short a);
#else
template <class To, class From>
inline To xp_bits(From a) {
  static_assert(sizeof(To) == sizeof(From), "bits are kept");
  To to;
  std::memcpy(&to, &a, sizeof(to));
  return to;
}
inline int xp_int_bits(float a) { return xp_bits<int>((xp_f32)a); }
inline float xp_float_of(int a) { return xp_bits<xp_f32>(a); }
inline long long xp_quad_bits(double a) { return xp_bits<long long>(a); }
inline double xp_double_of(long long a) { return xp_bits<double>(a); }
inline unsigned short xp_half_bits(_Float16 a) { return xp_bits<unsigned short>(a); }
inline _Float16 xp_half_of(unsigned short a) { return xp_bits<_Float16>(a); }
#endif
