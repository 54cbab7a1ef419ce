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
XP_REAL2("pow", pow)
XP_REAL2("atan2", atan2)
XP_REAL2("fmod", fmod)
XP_REAL2("hypot", hypot)
XP_REAL2("min", fmin)
XP_REAL2("max", fmax)
XP_REAL2("copysign", copysign)
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
#define signbit(a) ((a) < 0)

#else

// With XP_REAL_F64 `float` and expf are other names for double and exp.
#ifdef XP_REAL_F64
inline double exp10f(double a) { return exp10(a); }
#else
inline double rsqrt(double a) { return 1.0 / sqrt(a); }
#endif
inline float rsqrt(float a) { return (float)1 / sqrt(a); }
inline float rsqrtf(float a) { return (float)1 / sqrtf(a); }
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

inline float __frsqrt_rn(float a) { return rsqrtf(a); }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline float __frcp_rn(float a) { return 1 / a; }
inline float __fdividef(float a, float b) { return a / b; }
inline float fdividef(float a, float b) { return a / b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __saturatef(float a) { return a < 0 ? 0 : a > 1 ? 1 : a; }
inline void __sincosf(float a, float* s, float* c) {
  *s = sinf(a);
  *c = cosf(a);
}
inline float normcdff(float a) { return 0.5f * erfcf(a * -0.707106781186547524f); }

inline float __int2float_rn(int a) { return (float)a; }
inline float __uint2float_rn(unsigned a) { return (float)a; }
inline int __float2int_rn(float a) { return (int)rintf(a); }
inline int __float2int_rz(float a) { return (int)a; }
inline int __float2int_rd(float a) { return (int)floorf(a); }
inline int __float2int_ru(float a) { return (int)ceilf(a); }
inline unsigned __float2uint_rn(float a) { return (unsigned)rintf(a); }
inline unsigned __float2uint_rz(float a) { return (unsigned)a; }
