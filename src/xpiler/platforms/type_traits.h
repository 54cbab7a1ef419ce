// What templates ask about types (C++17 [meta], the part that kernels use). Only when reading; a run has the library.
#pragma once
#ifdef XP_READING

namespace std {
template <class T, T v>
struct integral_constant {
  static constexpr T value = v;
  typedef T value_type;
  constexpr operator T() const { return v; }
};
typedef integral_constant<bool, true> true_type;
typedef integral_constant<bool, false> false_type;

#define XP_TRAIT(name, ...)                                      \
  template <class T>                                             \
  struct name : integral_constant<bool, (__VA_ARGS__)> {};       \
  template <class T>                                             \
  inline constexpr bool name##_v = (__VA_ARGS__);
XP_TRAIT(is_integral, __is_integral(T))
XP_TRAIT(is_floating_point, __is_floating_point(T))
XP_TRAIT(is_arithmetic, __is_arithmetic(T))
XP_TRAIT(is_signed, __is_signed(T))
XP_TRAIT(is_unsigned, __is_unsigned(T))
XP_TRAIT(is_pointer, __is_pointer(T))
XP_TRAIT(is_const, __is_const(T))
XP_TRAIT(is_enum, __is_enum(T))
#undef XP_TRAIT
template <class A, class B>
struct is_same : integral_constant<bool, __is_same(A, B)> {};
template <class A, class B>
inline constexpr bool is_same_v = __is_same(A, B);

template <bool yes, class T = void>
struct enable_if {};
template <class T>
struct enable_if<true, T> {
  typedef T type;
};
template <bool yes, class T = void>
using enable_if_t = typename enable_if<yes, T>::type;
template <bool first, class A, class B>
struct conditional {
  typedef A type;
};
template <class A, class B>
struct conditional<false, A, B> {
  typedef B type;
};
template <bool first, class A, class B>
using conditional_t = typename conditional<first, A, B>::type;

#define XP_CHANGE(name, builtin)       \
  template <class T>                   \
  struct name {                        \
    typedef builtin(T) type;           \
  };                                   \
  template <class T>                   \
  using name##_t = builtin(T);
XP_CHANGE(remove_const, __remove_const)
XP_CHANGE(remove_cv, __remove_cv)
XP_CHANGE(remove_pointer, __remove_pointer)
XP_CHANGE(remove_reference, __remove_reference_t)
XP_CHANGE(make_signed, __make_signed)
XP_CHANGE(make_unsigned, __make_unsigned)
XP_CHANGE(decay, __decay)
#undef XP_CHANGE
}  // namespace std
#endif
