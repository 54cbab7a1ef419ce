// Conversions with a stated rounding (CUDA Math API, "Type Casting Intrinsics").
#pragma once

// A real becomes the nearest integer there is. What NaN becomes is the platform's: XP_NAN_TOP_BIT where a double or a
// 64-bit integer takes part (PTX ISA, "cvt"). In a translation the number is taken to fit.
#ifdef XP_READING
#define XP_INTEGER(T, a) (T)(a)
#else
template <class To, class From>
inline To xp_integer(From a) {
  if (a != a) {
#ifdef XP_NAN_TOP_BIT
    if (sizeof(To) == 8 || sizeof(From) == 8) return To(1ull << (8 * sizeof(To) - 1));
#endif
    return 0;
  }
  const bool wide = sizeof(To) == 8;
  const double limit = wide ? (To(-1) < To(0) ? 0x1p63 : 0x1p64) : double(std::numeric_limits<To>::max()) + 1;
  if (double(a) >= limit) return std::numeric_limits<To>::max();
  if (double(a) < double(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
  return To(a);
}
#define XP_INTEGER(T, a) xp_integer<T>(a)
#endif
#define XP_TO_INTEGER(from, F, to, T)                                      \
  inline T __##from##2##to##_rn(F a) { return XP_INTEGER(T, rint(a)); }    \
  inline T __##from##2##to##_rz(F a) { return XP_INTEGER(T, trunc(a)); }   \
  inline T __##from##2##to##_rd(F a) { return XP_INTEGER(T, floor(a)); }   \
  inline T __##from##2##to##_ru(F a) { return XP_INTEGER(T, ceil(a)); }
XP_TO_INTEGER(float, float, int, int)
XP_TO_INTEGER(float, float, uint, unsigned)
XP_TO_INTEGER(float, float, ll, long long)
XP_TO_INTEGER(float, float, ull, unsigned long long)
XP_TO_INTEGER(double, double, int, int)
XP_TO_INTEGER(double, double, uint, unsigned)
XP_TO_INTEGER(double, double, ll, long long)
XP_TO_INTEGER(double, double, ull, unsigned long long)

// High and low words of 64 bits are doubles exactly.
#define XP_HIGH(a) ((double)((a) >> 32) * 4294967296.0)
#define XP_LOW(a) ((double)(unsigned)(a))
#define XP_TO_REAL(name, F, T, wide, rest)                                                       \
  inline T name##_rn(F a) { return (T)a; }                                                       \
  inline T name##_rz(F a) { return xp_toward_zero((T)a, (T)xp_beside(wide, rest, (T)a)); }       \
  inline T name##_rd(F a) { return xp_down((T)a, (T)xp_beside(wide, rest, (T)a)); }              \
  inline T name##_ru(F a) { return xp_up((T)a, (T)xp_beside(wide, rest, (T)a)); }
XP_TO_REAL(__int2float, int, float, (double)a, 0)
XP_TO_REAL(__uint2float, unsigned, float, (double)a, 0)
XP_TO_REAL(__ll2float, long long, float, XP_HIGH(a) + XP_LOW(a), xp_left(XP_HIGH(a), XP_LOW(a)))
XP_TO_REAL(__ull2float, unsigned long long, float, XP_HIGH(a) + XP_LOW(a), xp_left(XP_HIGH(a), XP_LOW(a)))
XP_TO_REAL(__double2float, double, float, a, 0)
inline double __int2double_rn(int a) { return (double)a; }
inline double __uint2double_rn(unsigned a) { return (double)a; }
#define XP_TO_DOUBLE(name, F)                                                                          \
  inline double name##_rn(F a) { return (double)a; }                                                   \
  inline double name##_rz(F a) { return xp_toward_zero((double)a, xp_left(XP_HIGH(a), XP_LOW(a))); }   \
  inline double name##_rd(F a) { return xp_down((double)a, xp_left(XP_HIGH(a), XP_LOW(a))); }          \
  inline double name##_ru(F a) { return xp_up((double)a, xp_left(XP_HIGH(a), XP_LOW(a))); }
XP_TO_DOUBLE(__ll2double, long long)
XP_TO_DOUBLE(__ull2double, unsigned long long)
#undef XP_TO_INTEGER
#undef XP_TO_REAL
#undef XP_TO_DOUBLE
#undef XP_ROUNDED
