// The 16-bit reals: half and bfloat16, alone and in pairs.
#pragma once

typedef _Float16 half;
typedef _Float16 __half;

#ifdef XP_READING
typedef __bf16 xp_bf16;
#else
// The upper half of a float, rounded to nearest even.
struct xp_bf16 {
  unsigned short bits;
  xp_bf16() = default;
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T> || std::is_same_v<T, _Float16>>>
  xp_bf16(T a) {
    auto narrow = static_cast<xp_f32>(a);
    unsigned u;
    std::memcpy(&u, &narrow, 4);
    if constexpr (sizeof(T) > 4 || std::is_integral_v<T> && sizeof(T) == 4) {
      // A float in between rounds to odd, so that the second rounding is the only one.
      const long double over = static_cast<long double>(narrow) - static_cast<long double>(a);
      if ((over > 0 || over < 0) && u << 1 < 0xff000000u) u = (u - (narrow != 0 && (over > 0) == (narrow > 0))) | 1;
    }
    bits = (u & 0x7fffffffu) > 0x7f800000u ? (unsigned short)((u >> 16) | 64)
                                           : (unsigned short)((u + 0x7fffu + ((u >> 16) & 1)) >> 16);
  }
  operator xp_f32() const {
    unsigned u = (unsigned)bits << 16;
    xp_f32 a;
    std::memcpy(&a, &u, 4);
    return a;
  }
#define XP_UPDATE(op) \
  xp_bf16& operator op##=(float b) { return *this = xp_bf16((float)*this op b); }
  XP_UPDATE(+)
  XP_UPDATE(-)
  XP_UPDATE(*)
  XP_UPDATE(/)
#undef XP_UPDATE
};
// Of two bfloat16 only: with a wider operand the sum is as wide as that one.
#define XP_PAIR(op)                                                             \
  template <class T, class = std::enable_if_t<std::is_same_v<T, xp_bf16>>>      \
  inline T operator op(T a, T b) {                                              \
    return T((float)a op (float)b);                                             \
  }
XP_PAIR(+)
XP_PAIR(-)
XP_PAIR(*)
XP_PAIR(/)
#undef XP_PAIR
#endif

struct __attribute__((aligned(4))) half2 {
  half x, y;
#ifndef XP_READING
  half2() = default;
  half2(half a, half b) : x(a), y(b) {}
#endif
};
typedef half2 __half2;
struct __attribute__((aligned(4))) xp_bf162 {
  xp_bf16 x, y;
};
