// Half among other numbers, as HIP has it and CUDA has not.
#pragma once

// Clang's headers for HIP give the C name to half too. Among other types it is promoted as C++ does it in <cmath>, where
// an integer counts as a double (hip-tests, deviceLib: "fma(_Float16, _Float16, int) should resolve to
// fma(double, double, double)").
inline half fma(half a, half b, half c) { return __hfma(a, b, c); }

#ifdef XP_READING
template <class T>
inline constexpr bool xp_is_integral = __is_integral(T);
template <class T>
inline constexpr bool xp_is_arithmetic = __is_arithmetic(T);
#else
template <class T>
inline constexpr bool xp_is_integral = std::is_integral_v<T>;
template <class T>
inline constexpr bool xp_is_arithmetic = std::is_arithmetic_v<T>;
#endif
template <class T>
inline constexpr bool xp_is_half = __is_same(T, half);
template <class T>
inline constexpr bool xp_is_number = xp_is_half<T> || xp_is_arithmetic<T>;
template <bool wide>
struct xp_real {
  typedef double type;
};
template <>
struct xp_real<false> {
  typedef float type;
};
template <bool, class T>
struct xp_only_if {};
template <class T>
struct xp_only_if<true, T> {
  typedef T type;
};
template <class T>
using xp_of_number = typename xp_only_if<xp_is_number<T>, T>::type;

template <class A, class B, class C>
inline constexpr bool xp_is_mixed = xp_is_number<A> && xp_is_number<B> && xp_is_number<C> &&
    (xp_is_half<A> || xp_is_half<B> || xp_is_half<C>) && !(xp_is_half<A> && xp_is_half<B> && xp_is_half<C>);
template <class T>
inline constexpr bool xp_is_wide = xp_is_integral<T> || __is_same(T, double);
template <class A, class B, class C>
using xp_promoted = typename xp_only_if<
    xp_is_mixed<A, B, C>, typename xp_real<xp_is_wide<A> || xp_is_wide<B> || xp_is_wide<C>>::type>::type;

template <class A, class B, class C>
inline xp_promoted<A, B, C> fma(A a, B b, C c) {
  return fma((xp_promoted<A, B, C>)a, (xp_promoted<A, B, C>)b, (xp_promoted<A, B, C>)c);
}

// A number beside a pair stands for both its halves: __half2 is made from a vector of clang, which a number becomes
// (amd_hip_fp16.h).
#define XP_BESIDE(R, op)                                                   \
  template <class T, class = xp_of_number<T>>                              \
  inline R operator op(const half2& a, T b) {                              \
    return a op half2{(half)b, (half)b};                                   \
  }                                                                        \
  template <class T, class = xp_of_number<T>>                              \
  inline R operator op(T a, const half2& b) {                              \
    return half2{(half)a, (half)a} op b;                                   \
  }
#define XP_BESIDE_UPDATE(op)                                               \
  template <class T, class = xp_of_number<T>>                              \
  inline half2& operator op(half2& a, T b) {                               \
    return a op half2{(half)b, (half)b};                                   \
  }
XP_BESIDE(half2, +)
XP_BESIDE(half2, -)
XP_BESIDE(half2, *)
XP_BESIDE(half2, /)
XP_BESIDE(bool, ==)
XP_BESIDE(bool, !=)
XP_BESIDE(bool, <)
XP_BESIDE(bool, <=)
XP_BESIDE(bool, >)
XP_BESIDE(bool, >=)
XP_BESIDE_UPDATE(+=)
XP_BESIDE_UPDATE(-=)
XP_BESIDE_UPDATE(*=)
XP_BESIDE_UPDATE(/=)
#undef XP_BESIDE
#undef XP_BESIDE_UPDATE

#ifndef XP_READING
// C++17's library knows no limits of half yet; HIP's does.
namespace std {
#if !__STDCPP_FLOAT16_T__
template <>
struct numeric_limits<half> {
  static constexpr bool is_specialized = true, is_signed = true, is_integer = false, is_exact = false;
  static constexpr bool has_infinity = true, has_quiet_NaN = true, has_signaling_NaN = true, is_iec559 = true;
  static constexpr bool is_bounded = true, is_modulo = false;
  static constexpr int radix = 2, digits = 11, digits10 = 3, max_digits10 = 5;
  static constexpr int min_exponent = -13, min_exponent10 = -4, max_exponent = 16, max_exponent10 = 4;
  static constexpr half min() { return (half)0x1p-14; }
  static constexpr half max() { return (half)65504.0; }
  static constexpr half lowest() { return (half)-65504.0; }
  static constexpr half epsilon() { return (half)0x1p-10; }
  static constexpr half round_error() { return (half)0.5; }
  static constexpr half denorm_min() { return (half)0x1p-24; }
  static constexpr half infinity() { return (half)__builtin_inf(); }
  static constexpr half quiet_NaN() { return (half)__builtin_nan(""); }
  static constexpr half signaling_NaN() { return (half)__builtin_nan(""); }
};
#endif
}  // namespace std
#endif
