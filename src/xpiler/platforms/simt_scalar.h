// Real functions of one value, in the spellings of C and of the vendors.
#pragma once

#ifdef XP_READING

#define XP_REAL1(canonical, name)              \
  XP_MATH(canonical) float name##f(float a);   \
  XP_MATH(canonical) double name(double a);    \
  XP_MATH(canonical) float name(float a);      \
  inline double name(int a) { return name((double)a); }
#define XP_REAL2(canonical, name)                        \
  XP_MATH(canonical) float name##f(float a, float b);    \
  XP_MATH(canonical) double name(double a, double b);    \
  XP_MATH(canonical) float name(float a, float b);       \
  inline double name(double a, float b) { return name(a, (double)b); }   \
  inline double name(float a, double b) { return name((double)a, b); }   \
  inline double name(double a, int b) { return name(a, (double)b); }     \
  inline double name(int a, double b) { return name((double)a, b); }     \
  inline double name(float a, int b) { return name((double)a, (double)b); } \
  inline double name(int a, float b) { return name((double)a, (double)b); } \
  inline double name(int a, int b) { return name((double)a, (double)b); }
XP_REAL1("exp", exp)
XP_REAL1("exp2", exp2)
XP_REAL1("exp10", exp10)
XP_REAL1("expm1", expm1)
XP_REAL1("log", log)
XP_REAL1("log2", log2)
XP_REAL1("log10", log10)
XP_REAL1("log1p", log1p)
XP_REAL1("sqrt", sqrt)
XP_REAL1("rsqrt", rsqrt)
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
XP_REAL1("asinh", asinh)
XP_REAL1("acosh", acosh)
XP_REAL1("atanh", atanh)
XP_REAL1("lgamma", lgamma)
XP_REAL1("tgamma", tgamma)
XP_REAL2("pow", pow)
XP_REAL2("atan2", atan2)
XP_REAL2("fmod", fmod)
XP_REAL2("hypot", hypot)
XP_REAL2("min", fmin)
XP_REAL2("max", fmax)
XP_REAL2("copysign", copysign)
XP_REAL2("fdim", fdim)
XP_REAL2("remainder", remainder)
XP_REAL2("nextafter", nextafter)
#undef XP_REAL1
#undef XP_REAL2
XP_MATH("fma") float fmaf(float a, float b, float c);
XP_MATH("fma") float fma(float a, float b, float c);
XP_MATH("fma") double fma(double a, double b, double c);
XP_MATH("isnan") bool isnan(float a);
XP_MATH("isnan") bool isnan(double a);
XP_MATH("isinf") bool isinf(float a);
XP_MATH("isinf") bool isinf(double a);
XP_MATH("isfinite") bool isfinite(float a);
XP_MATH("isfinite") bool isfinite(double a);
XP_MATH("exp") float __expf(float a);
XP_MATH("exp10") float __exp10f(float a);
XP_MATH("log") float __logf(float a);
XP_MATH("log2") float __log2f(float a);
XP_MATH("log10") float __log10f(float a);
XP_MATH("sin") float __sinf(float a);
XP_MATH("cos") float __cosf(float a);
XP_MATH("tan") float __tanf(float a);
XP_MATH("tanh") float __tanhf(float a);
XP_MATH("pow") float __powf(float a, float b);
#ifndef signbit
XP_MATH("signbit") bool signbit(float a);
XP_MATH("signbit") bool signbit(double a);
#endif

#else

// Newer C libraries declare these themselves; these names are then ours all the same.
#define rsqrt(a) xp_rsqrt(a)
#define rsqrtf(a) xp_rsqrt(a)
// With XP_REAL_F64 `float` and expf are other names for double and exp.
#ifdef XP_REAL_F64
inline double exp10f(double a) { return exp10(a); }
#define nextafterf nextafter
#define ilogbf ilogb
#define logbf logb
#define scalbnf scalbn
#define scalblnf scalbln
#define llrintf llrint
#define llroundf llround
#define remquof remquo
#define j0f j0
#define j1f j1
#define jnf jn
#define y0f y0
#define y1f y1
#define ynf yn
#endif
XP_WIDE(inline double xp_rsqrt(double a) { return 1.0 / sqrt(a); })
inline float xp_rsqrt(float a) { return (float)1 / sqrt(a); }
inline double xp_rsqrt(int a) { return 1.0 / sqrt((double)a); }
// glibc declares these names itself, as C functions of its own.
#define __expf expf
#define __exp10f exp10f
#define __logf logf
#define __log2f log2f
#define __log10f log10f
#define __sinf sinf
#define __cosf cosf
#define __tanf tanf
#define __tanhf tanhf
#define __powf powf
#endif

#ifdef XP_READING
// What the C library gives a run, in terms of the functions above.
#define XP_STANDARD(T, f, bits_of, of_bits, I, U, mantissa, bias)                                  \
  inline long lrint##f(T a) { return (long)rint(a); }                                              \
  inline long long llrint##f(T a) { return (long long)rint(a); }                                   \
  inline long lround##f(T a) { return (long)round(a); }                                            \
  inline long long llround##f(T a) { return (long long)round(a); }                                 \
  inline T ldexp##f(T a, int n) { return a * exp2((T)(n / 2)) * exp2((T)(n - n / 2)); }            \
  inline T scalbn##f(T a, int n) { return ldexp##f(a, n); }                                        \
  inline T scalbln##f(T a, long n) { return ldexp##f(a, (int)n); }                                 \
  inline T modf##f(T a, T* whole) {                                                                \
    const T t = trunc(a);                                                                          \
    *whole = t;                                                                                    \
    return copysign(isinf(a) ? (T)0 : a - t, a);                                                   \
  }                                                                                                \
  inline int ilogb##f(T a) {                                                                       \
    const T scaled = fabs(a) < of_bits((I)1 << mantissa) ? a * exp2((T)mantissa) : a;              \
    const int e = (int)((U)bits_of(scaled) << 1 >> (mantissa + 1));                                \
    if (a == (T)0) return -2147483647 - 1;                                                         \
    if (isinf(a)) return 2147483647;                                                               \
    if (isnan(a)) return -2147483647 - 1;                                                          \
    return fabs(a) < of_bits((I)1 << mantissa) ? e - bias - mantissa : e - bias;                   \
  }                                                                                                \
  inline T logb##f(T a) {                                                                          \
    return a == (T)0 ? -(T)__builtin_inff() : isnan(a) || isinf(a) ? a * a : (T)ilogb##f(a);       \
  }                                                                                                \
  inline T frexp##f(T a, int* exponent) {                                                          \
    if (a == (T)0 || isnan(a) || isinf(a)) {                                                       \
      *exponent = 0;                                                                               \
      return a;                                                                                    \
    }                                                                                              \
    const int e = ilogb##f(a) + 1;                                                                 \
    *exponent = e;                                                                                 \
    return ldexp##f(a, -e);                                                                        \
  }                                                                                                \
  inline void sincos##f(T a, T* s, T* c) {                                                         \
    *s = sin(a);                                                                                   \
    *c = cos(a);                                                                                   \
  }
XP_STANDARD(float, f, __float_as_int, __int_as_float, int, unsigned, 23, 127)
XP_STANDARD(double, , __double_as_longlong, __longlong_as_double, long long, unsigned long long, 52, 1023)
#undef XP_STANDARD
#endif

inline void __sincosf(float a, float* s, float* c) {
  *s = sinf(a);
  *c = cosf(a);
}
inline float __fdividef(float a, float b) { return a / b; }
inline float fdividef(float a, float b) { return a / b; }
inline float __saturatef(float a) { return a > 0 ? (a < 1 ? a : 1) : 0; }
