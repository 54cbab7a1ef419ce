#pragma once
#include "rounding.h"

// The device library's functions of vectors: the count comes first.
#define XP_LIBRARY(name, D, value)                                                      \
  XP_INTRINSIC inline void name(int elem_count, D* dst, const float* src) {             \
    XP_IN_NRAM(src, elem_count);                                                        \
    XP_OUT_NRAM(dst, elem_count);                                                       \
    XP_COUNT(elem_count);                                                               \
    for (int i = 0; i < elem_count; ++i) {                                              \
      dst[i] = value;                                                                   \
    }                                                                                   \
  }
XP_LIBRARY(__cn_vector_sin_f32, float, sinf(src[i]))
XP_LIBRARY(__cn_vector_cos_f32, float, cosf(src[i]))
XP_LIBRARY(__cn_vector_cast_f32_to_s32, int, xp_saturate(truncf(src[i])))
#undef XP_LIBRARY
XP_INTRINSIC inline void __cn_vector_hypot_f32(int elem_count, float* dst, const float* src0, const float* src1) {
  XP_IN_NRAM(src0, elem_count);
  XP_IN_NRAM(src1, elem_count);
  XP_OUT_NRAM(dst, elem_count);
  XP_COUNT(elem_count);
  for (int i = 0; i < elem_count; ++i) {
    dst[i] = hypotf(src0[i], src1[i]);
  }
}
