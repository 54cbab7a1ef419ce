// min, max and abs, by type.
#pragma once

#ifdef XP_READING
#define XP_ORDER(T)                \
  XP_MATH("min") T min(T a, T b);  \
  XP_MATH("max") T max(T a, T b);
XP_MATH("abs") int abs(int a);
XP_MATH("abs") long abs(long a);
XP_MATH("abs") long labs(long a);
XP_MATH("abs") long long abs(long long a);
XP_MATH("abs") long long llabs(long long a);
XP_MATH("abs") float abs(float a);
XP_MATH("abs") double abs(double a);
#else
#define XP_ORDER(T)                                  \
  inline T min(T a, T b) { return b < a ? b : a; }   \
  inline T max(T a, T b) { return a < b ? b : a; }
#endif

XP_ORDER(int)
XP_ORDER(unsigned)
XP_ORDER(long)
XP_ORDER(unsigned long)
XP_ORDER(long long)
XP_ORDER(unsigned long long)
#undef XP_ORDER

#ifdef XP_READING
XP_MATH("min") float min(float a, float b);
XP_MATH("max") float max(float a, float b);
XP_MATH("min") double min(double a, double b);
XP_MATH("max") double max(double a, double b);
XP_MATH("min") _Float16 min(_Float16 a, _Float16 b);
XP_MATH("max") _Float16 max(_Float16 a, _Float16 b);
#else
inline float min(float a, float b) { return fmin(a, b); }
inline float max(float a, float b) { return fmax(a, b); }
#ifndef XP_REAL_F64
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
#endif
inline _Float16 min(_Float16 a, _Float16 b) { return (_Float16)fmin((float)a, (float)b); }
inline _Float16 max(_Float16 a, _Float16 b) { return (_Float16)fmax((float)a, (float)b); }
#endif

// Operands of two types meet in the type of their sum.
template <class A, class B>
inline auto min(A a, B b) -> decltype(a + b) {
  return min((decltype(a + b))a, (decltype(a + b))b);
}
template <class A, class B>
inline auto max(A a, B b) -> decltype(a + b) {
  return max((decltype(a + b))a, (decltype(a + b))b);
}
