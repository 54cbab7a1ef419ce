// Integers in NRAM: remainders, high halves and saturating sums (sec 3.28), for mtp_3xx and later.
#pragma once
#include "rounding.h"

#if __BANG_ARCH__ >= 300
#define XP_HIGH(T, name, Wide) XP_MAP2(T, name, ((Wide)src0[i] * (Wide)src1[i]) >> (8 * (int)sizeof(T)))
XP_HIGH(char, __bang_mulh, int)
XP_HIGH(signed char, __bang_mulh, int)
XP_HIGH(short, __bang_mulh, int)
XP_HIGH(int, __bang_mulh, long)
XP_HIGH(unsigned char, __bang_mulh, unsigned)
XP_HIGH(unsigned short, __bang_mulh, unsigned)
XP_HIGH(unsigned, __bang_mulh, unsigned long)
#undef XP_HIGH
#endif

#if __BANG_ARCH__ >= 500
#define XP_REMAINDER(T, name)                                                         \
  XP_MAP2(T, name, src0[i] % src1[i])                                                 \
  XP_MAP_SCALAR(T, name, src[i] % value)
XP_REMAINDER(short, __bang_rem)
XP_REMAINDER(int, __bang_rem)
XP_REMAINDER(unsigned short, __bang_rem)
XP_REMAINDER(unsigned, __bang_rem)
XP_MAP2(float, __bang_rem, fmodf(src0[i], src1[i]))
XP_MAP_SCALAR(float, __bang_rem, fmodf(src[i], value))
#undef XP_REMAINDER

#define XP_SATURATED(T, low, high)                                                                                \
  XP_MAP2(T, __bang_adds, (long)src0[i] + (long)src1[i] < (long)low    ? (long)low                                \
                          : (long)src0[i] + (long)src1[i] > (long)high ? (long)high                               \
                                                                       : (long)src0[i] + (long)src1[i])           \
  XP_MAP2(T, __bang_subs, (long)src0[i] - (long)src1[i] < (long)low    ? (long)low                                \
                          : (long)src0[i] - (long)src1[i] > (long)high ? (long)high                               \
                                                                       : (long)src0[i] - (long)src1[i])
XP_SATURATED(char, -128, 127)
XP_SATURATED(signed char, -128, 127)
XP_SATURATED(short, -32768, 32767)
XP_SATURATED(int, -2147483648, 2147483647)
XP_SATURATED(unsigned char, 0, 255)
XP_SATURATED(unsigned short, 0, 65535)
XP_SATURATED(unsigned, 0, 4294967295)
#undef XP_SATURATED

// The larger and the smaller, a NaN where either operand is one.
XP_FLOATS(XP_MAP2, __bang_nan_maximum, src0[i] != src0[i] || src0[i] > src1[i] ? src0[i] : src1[i])
XP_FLOATS(XP_MAP2, __bang_nan_minimum, src0[i] != src0[i] || src0[i] < src1[i] ? src0[i] : src1[i])
#endif

// dst[i] = i
#define XP_SEQUENCE(T, ...)                                                      \
  XP_INTRINSIC inline void __bang_incseq(T* dst, int elem_count) {               \
    XP_OUT_NRAM(dst, elem_count);                                                \
    XP_COUNT(elem_count);                                                        \
    for (int i = 0; i < elem_count; ++i) {                                       \
      dst[i] = (T)i;                                                             \
    }                                                                            \
  }
XP_SEQUENCE(int)
XP_SEQUENCE(short)
XP_SEQUENCE(float)
XP_SEQUENCE(half)
#undef XP_SEQUENCE
