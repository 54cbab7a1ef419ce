// Real functions that the vendors have and C has not (CUDA Math API), each for float and for double.
#pragma once

// Halves of a circle: the argument is brought near zero exactly, before it meets pi.
#define XP_CIRCLE(T, f)                                                                \
  inline T xp_sinpi##f(T a) {                                                          \
    const T r = a - 2 * rint(a / 2);                                                   \
    const T near = r > (T)0.5 ? 1 - r : r < (T)-0.5 ? -1 - r : r;                      \
    return isinf(a) ? a - a : rint(a) == a ? copysign((T)0, a) : (T)sin(3.14159265358979323846 * near); \
  }                                                                                    \
  inline T xp_cospi##f(T a) {                                                          \
    const T r = fabs(a - 2 * rint(a / 2));                                             \
    const T near = r > (T)0.5 ? 1 - r : r;                                             \
    const T c = near == (T)0.5 ? (T)0 : (T)cos(3.14159265358979323846 * near);         \
    return isinf(a) ? a - a : r > (T)0.5 ? -c : c;                                     \
  }                                                                                    \
  inline void sincospi##f(T a, T* s, T* c) {                                           \
    *s = xp_sinpi##f(a);                                                               \
    *c = xp_cospi##f(a);                                                               \
  }
XP_CIRCLE(float, f)
XP_CIRCLE(double, )
#undef XP_CIRCLE
// Newer C libraries declare these names too.
#define sinpif(a) xp_sinpif(a)
#define sinpi(a) xp_sinpi(a)
#define cospif(a) xp_cospif(a)
#define cospi(a) xp_cospi(a)

// exp(a * a) * erfc(a): far out by its continued fraction.
inline double erfcx(double a) {
  if (a < 10) return exp(a * a) * erfc(a);
  double t = a;
  for (int k = 24; k > 0; --k) t = a + k / 2.0 / t;
  return 0.56418958354775628695 / t;
}
inline float erfcxf(float a) { return (float)erfcx((double)a); }

// The a whose erfc is y, by Halley's method from a point beyond it.
inline double erfcinv(double y) {
  const double small = y > 1 ? 2 - y : y;
  double x = small < 0.5 ? sqrt(-log(small)) : 0;
  for (int k = 0; k < 16; ++k) {
    const double e = erfc(x) - small;
    const double step = e * 0.88622692545275801365 * exp(x * x);
    x += step / (1 - x * step);
  }
  if (y == 0) return __builtin_inf();
  if (y == 2) return -__builtin_inf();
  if (!(y > 0 && y < 2)) return __builtin_nan("");
  return y > 1 ? -x : x;
}
inline float erfcinvf(float y) { return (float)erfcinv((double)y); }
inline double erfinv(double y) {
  double x = 0;
  if (fabs(y) > 0.5) return y > 0 ? erfcinv(1 - y) : -erfcinv(1 + y);
  for (int k = 0; k < 8; ++k) {
    const double step = (y - erf(x)) * 0.88622692545275801365 * exp(x * x);
    x += step / (1 - x * step);
  }
  return y == 0 || isnan(y) ? y : x;
}
inline float erfinvf(float y) { return (float)erfinv((double)y); }
inline double normcdf(double a) { return 0.5 * erfc(a * -0.70710678118654752440); }
inline float normcdff(float a) { return 0.5f * erfcf(a * -0.707106781186547524f); }
inline double normcdfinv(double y) { return -1.41421356237309504880 * erfcinv(2 * y); }
inline float normcdfinvf(float y) { return (float)normcdfinv((double)y); }

// Lengths of vectors, and one over them.
#define XP_LENGTHS(T, f)                                                                          \
  inline T rcbrt##f(T a) { return 1 / cbrt##f(a); }                                               \
  inline T norm3d##f(T a, T b, T c) { return (T)hypot(hypot((double)a, (double)b), (double)c); }  \
  inline T norm4d##f(T a, T b, T c, T d) {                                                        \
    return (T)hypot(hypot((double)a, (double)b), hypot((double)c, (double)d));                    \
  }                                                                                               \
  inline T norm##f(int n, const T* p) {                                                           \
    double sum = 0;                                                                               \
    for (int i = 0; i < n; ++i) sum = hypot(sum, (double)p[i]);                                   \
    return (T)sum;                                                                                \
  }                                                                                               \
  inline T rhypot##f(T a, T b) { return (T)(1 / hypot((double)a, (double)b)); }                   \
  inline T rnorm3d##f(T a, T b, T c) { return (T)(1 / hypot(hypot((double)a, (double)b), (double)c)); } \
  inline T rnorm4d##f(T a, T b, T c, T d) {                                                       \
    return (T)(1 / hypot(hypot((double)a, (double)b), hypot((double)c, (double)d)));              \
  }                                                                                               \
  inline T rnorm##f(int n, const T* p) {                                                          \
    double sum = 0;                                                                               \
    for (int i = 0; i < n; ++i) sum = hypot(sum, (double)p[i]);                                   \
    return (T)(1 / sum);                                                                          \
  }
XP_LENGTHS(float, f)
XP_LENGTHS(double, )
#undef XP_LENGTHS

// Modified Bessel functions: the mean of exp(a cos t) cos(n t) over a circle, which equal steps give exactly.
#define XP_BESSEL(name, weight)                                                     \
  inline double name(double a) {                                                    \
    double sum = 0;                                                                 \
    for (int k = 0; k < 256; ++k) {                                                 \
      const double c = cos(k * 0.02454369260617025967);                             \
      sum += exp(a * c) * (weight);                                                 \
    }                                                                               \
    return sum / 256;                                                               \
  }                                                                                 \
  inline float name##f(float a) { return (float)name((double)a); }
XP_BESSEL(cyl_bessel_i0, 1.0)
XP_BESSEL(cyl_bessel_i1, c)
#undef XP_BESSEL
