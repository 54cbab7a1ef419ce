// Element-wise arithmetic on vectors in NRAM (sec 3.9, 3.10, 3.28, 3.29). Operands may coincide unless said.
#pragma once

#define XP_FLOATS(M, ...) M(float, __VA_ARGS__) M(half, __VA_ARGS__)
#if __BANG_ARCH__ >= 300
#define XP_SIGNED(M, ...) \
  M(int, __VA_ARGS__) M(short, __VA_ARGS__) M(signed char, __VA_ARGS__) M(char, __VA_ARGS__)
#define XP_NATURALS(M, ...) \
  M(unsigned, __VA_ARGS__) M(unsigned short, __VA_ARGS__) M(unsigned char, __VA_ARGS__)
#else  // mtp_2xx computes on floats and halves only
#define XP_SIGNED(M, ...)
#define XP_NATURALS(M, ...)
#endif
#define XP_NUMBERS(M, ...) XP_FLOATS(M, __VA_ARGS__) XP_SIGNED(M, __VA_ARGS__)

// dst[i] = value of src[i]
#define XP_MAP1(T, name, value)                                        \
  XP_INTRINSIC inline void name(T* dst, const T* src, int elem_count) { \
    XP_IN_NRAM(src, elem_count);                                       \
    XP_OUT_NRAM(dst, elem_count);                                      \
    XP_VECTOR(dst, elem_count);                                              \
    for (int i = 0; i < elem_count; ++i) {                             \
      dst[i] = (T)(value);                                             \
    }                                                                  \
  }

// dst[i] = value of src0[i] and src1[i]
#define XP_MAP2(T, name, value)                                                           \
  XP_INTRINSIC inline void name(T* dst, const T* src0, const T* src1, int elem_count) {   \
    XP_IN_NRAM(src0, elem_count);                                                         \
    XP_IN_NRAM(src1, elem_count);                                                         \
    XP_OUT_NRAM(dst, elem_count);                                                         \
    XP_VECTOR(dst, elem_count);                                                                 \
    for (int i = 0; i < elem_count; ++i) {                                                \
      dst[i] = (T)(value);                                                                \
    }                                                                                     \
  }

// dst[i] = value of src[i] and the scalar `value`
#define XP_MAP_SCALAR(T, name, result)                                              \
  XP_INTRINSIC inline void name(T* dst, const T* src, T value, int elem_count) {    \
    XP_IN_NRAM(src, elem_count);                                                    \
    XP_OUT_NRAM(dst, elem_count);                                                   \
    XP_VECTOR(dst, elem_count);                                                           \
    for (int i = 0; i < elem_count; ++i) {                                          \
      dst[i] = (T)(result);                                                         \
    }                                                                               \
  }

// The second operand repeats: dst[i] = value of src[i] and seg[i % seg_elem_count]
#define XP_CYCLE(T, name, value)                                                         \
  XP_INTRINSIC inline void name(T* dst, const T* src, const T* seg, int src_elem_count,  \
                                int seg_elem_count) {                                    \
    XP_COUNT(seg_elem_count);                                                            \
    XP_VECTOR(dst, src_elem_count);                                                            \
    XP_REQUIRE(src_elem_count % seg_elem_count == 0,                                     \
               "src_elem_count must be a multiple of seg_elem_count");                   \
    XP_IN_NRAM(src, src_elem_count);                                                     \
    XP_IN_NRAM(seg, seg_elem_count);                                                     \
    XP_OUT_NRAM(dst, src_elem_count);                                                    \
    for (int o = 0; o < src_elem_count / seg_elem_count; ++o) {                          \
      for (int i = 0; i < seg_elem_count; ++i) {                                         \
        dst[o * seg_elem_count + i] = (T)(value);                                        \
      }                                                                                  \
    }                                                                                    \
  }
#define XP_CYCLE_SRC src[o * seg_elem_count + i]

// Sums, differences and products.
XP_NUMBERS(XP_MAP2, __bang_add, src0[i] + src1[i])
XP_NATURALS(XP_MAP2, __bang_add, src0[i] + src1[i])
XP_NUMBERS(XP_MAP2, __bang_sub, src0[i] - src1[i])
XP_NATURALS(XP_MAP2, __bang_sub, src0[i] - src1[i])
XP_NUMBERS(XP_MAP2, __bang_mul, src0[i] * src1[i])
XP_NATURALS(XP_MAP2, __bang_mul, src0[i] * src1[i])
XP_NUMBERS(XP_MAP_SCALAR, __bang_add_scalar, src[i] + value)
XP_NATURALS(XP_MAP_SCALAR, __bang_add_scalar, src[i] + value)
XP_NUMBERS(XP_MAP_SCALAR, __bang_sub_scalar, src[i] - value)
XP_NATURALS(XP_MAP_SCALAR, __bang_sub_scalar, src[i] - value)
XP_NUMBERS(XP_MAP_SCALAR, __bang_mul_scalar, src[i] * value)
XP_NATURALS(XP_MAP_SCALAR, __bang_mul_scalar, src[i] * value)
XP_FLOATS(XP_MAP_SCALAR, __bang_add_const, src[i] + value)
XP_FLOATS(XP_MAP_SCALAR, __bang_sub_const, src[i] - value)
XP_FLOATS(XP_MAP_SCALAR, __bang_mul_const, src[i] * value)
XP_NUMBERS(XP_CYCLE, __bang_cycle_add, XP_CYCLE_SRC + seg[i])
XP_NUMBERS(XP_CYCLE, __bang_cycle_sub, XP_CYCLE_SRC - seg[i])
XP_NUMBERS(XP_CYCLE, __bang_cycle_mul, XP_CYCLE_SRC * seg[i])

// Quotients: of two vectors, or by a scalar.
XP_FLOATS(XP_MAP2, __bang_div, src0[i] / src1[i])
XP_FLOATS(XP_MAP_SCALAR, __bang_div, src[i] / value)

// The larger and the smaller.
XP_FLOATS(XP_MAP2, __bang_maxequal, fmaxf((float)src0[i], (float)src1[i]))
XP_FLOATS(XP_MAP2, __bang_minequal, fminf((float)src0[i], (float)src1[i]))
#if __BANG_ARCH__ >= 500
XP_FLOATS(XP_MAP2, __bang_maximum, fmaxf((float)src0[i], (float)src1[i]))
XP_FLOATS(XP_MAP2, __bang_minimum, fminf((float)src0[i], (float)src1[i]))
#endif
#if __BANG_ARCH__ >= 300
XP_FLOATS(XP_MAP_SCALAR, __bang_maxeq_scalar, fmaxf((float)src[i], (float)value))
XP_FLOATS(XP_MAP_SCALAR, __bang_mineq_scalar, fminf((float)src[i], (float)value))
#endif
XP_FLOATS(XP_CYCLE, __bang_cycle_maxequal, fmaxf((float)XP_CYCLE_SRC, (float)seg[i]))
XP_FLOATS(XP_CYCLE, __bang_cycle_minequal, fminf((float)XP_CYCLE_SRC, (float)seg[i]))
XP_SIGNED(XP_MAP2, __bang_maxequal, src0[i] > src1[i] ? src0[i] : src1[i])
XP_SIGNED(XP_MAP2, __bang_minequal, src0[i] < src1[i] ? src0[i] : src1[i])
XP_SIGNED(XP_MAP_SCALAR, __bang_maxeq_scalar, src[i] > value ? src[i] : value)
XP_SIGNED(XP_MAP_SCALAR, __bang_mineq_scalar, src[i] < value ? src[i] : value)
XP_SIGNED(XP_CYCLE, __bang_cycle_maxequal, XP_CYCLE_SRC > seg[i] ? XP_CYCLE_SRC : seg[i])
XP_SIGNED(XP_CYCLE, __bang_cycle_minequal, XP_CYCLE_SRC < seg[i] ? XP_CYCLE_SRC : seg[i])

// Absolute value, negation, square.
#if __BANG_ARCH__ >= 300
XP_FLOATS(XP_MAP1, __bang_abs, fabsf((float)src[i]))
#endif
XP_SIGNED(XP_MAP1, __bang_abs, abs((int)src[i]))
XP_SIGNED(XP_MAP1, __bang_neg, -src[i])
XP_FLOATS(XP_MAP1, __bang_square, src[i] * src[i])

// Elementary functions accurate to a few units (float): the logarithm is to base 2.
#if __BANG_ARCH__ >= 300
XP_MAP1(float, __bang_sqrt, sqrtf(src[i]))
XP_MAP1(float, __bang_rsqrt, rsqrtf(src[i]))
XP_MAP1(float, __bang_recip, 1.0f / src[i])
XP_MAP1(float, __bang_sin, sinf(src[i]))
XP_MAP1(float, __bang_cos, cosf(src[i]))
XP_MAP1(float, __bang_log, log2f(src[i]))
XP_MAP1(float, __bang_log2, log2f(src[i]))
XP_MAP1(float, __bang_pow2, exp2f(src[i]))
#endif

// Rounding to whole numbers: dst and src must not overlap.
#define XP_MAP1_APART(T, name, value)                                  \
  XP_INTRINSIC inline void name(T* dst, const T* src, int elem_count) { \
    XP_IN_NRAM(src, elem_count);                                       \
    XP_OUT_NRAM(dst, elem_count);                                      \
    XP_VECTOR(dst, elem_count);                                              \
    XP_APART(dst, elem_count, src, elem_count);                        \
    for (int i = 0; i < elem_count; ++i) {                             \
      dst[i] = (T)(value);                                             \
    }                                                                  \
  }
XP_MAP1_APART(float, __bang_floor, floorf(src[i]))
XP_MAP1_APART(float, __bang_round, roundf(src[i]))
XP_MAP1_APART(float, __bang_nearbyint, rintf(src[i]))
