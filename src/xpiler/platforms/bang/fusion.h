// Two operations in one pass (sec 3.9): the operation code picks how a, b and c combine.
#pragma once

#define XP_FUSED(T, a, b, c)                                             \
  if (op_code == FUSION_FMA) {                                           \
    dst[i] = (T)(a * b + c);                                             \
  } else if (op_code == FUSION_FMS) {                                    \
    dst[i] = (T)(a * b - c);                                             \
  } else if (op_code == FUSION_FAM) {                                    \
    dst[i] = (T)((a + b) * c);                                           \
  } else if (op_code == FUSION_FSM) {                                    \
    dst[i] = (T)((a - b) * c);                                           \
  } else if (op_code == FUSION_FAA) {                                    \
    dst[i] = (T)(a + b + c);                                             \
  } else if (op_code == FUSION_FAS) {                                    \
    dst[i] = (T)(a + b - c);                                             \
  } else if (op_code == FUSION_FSA) {                                    \
    dst[i] = (T)(a - b + c);                                             \
  } else {                                                               \
    dst[i] = (T)(a - b - c);                                             \
  }
#define XP_FUSION_RULES                                                  \
  XP_COUNT(src_elem_count);                                              \
  XP_COUNT(seg_elem_count);                                              \
  XP_REQUIRE(src_elem_count % seg_elem_count == 0, "src_elem_count must be a multiple of seg_elem_count"); \
  XP_IN_NRAM(src0, src_elem_count);                                      \
  XP_OUT_NRAM(dst, src_elem_count)

// The vectors src1 and src2 repeat every seg_elem_count elements.
#define XP_FUSION(T, ...)                                                                          \
  XP_INTRINSIC inline void __bang_fusion(mluFusionOpCode op_code, T* dst, const T* src0, T src1, T src2, \
                                         int src_elem_count) {                                     \
    XP_COUNT(src_elem_count);                                                                      \
    XP_IN_NRAM(src0, src_elem_count);                                                              \
    XP_OUT_NRAM(dst, src_elem_count);                                                              \
    for (int i = 0; i < src_elem_count; ++i) {                                                     \
      XP_FUSED(T, src0[i], src1, src2)                                                             \
    }                                                                                              \
  }                                                                                                \
  XP_INTRINSIC inline void __bang_fusion(mluFusionOpCode op_code, T* dst, const T* src0, const T* src1, T src2, \
                                         int src_elem_count, int seg_elem_count) {                 \
    XP_FUSION_RULES;                                                                               \
    XP_IN_NRAM(src1, seg_elem_count);                                                              \
    for (int i = 0; i < src_elem_count; ++i) {                                                     \
      XP_FUSED(T, src0[i], src1[i % seg_elem_count], src2)                                         \
    }                                                                                              \
  }                                                                                                \
  XP_INTRINSIC inline void __bang_fusion(mluFusionOpCode op_code, T* dst, const T* src0, T src1, const T* src2, \
                                         int src_elem_count, int seg_elem_count) {                 \
    XP_FUSION_RULES;                                                                               \
    XP_IN_NRAM(src2, seg_elem_count);                                                              \
    for (int i = 0; i < src_elem_count; ++i) {                                                     \
      XP_FUSED(T, src0[i], src1, src2[i % seg_elem_count])                                         \
    }                                                                                              \
  }                                                                                                \
  XP_INTRINSIC inline void __bang_fusion(mluFusionOpCode op_code, T* dst, const T* src0, const T* src1, \
                                         const T* src2, int src_elem_count, int seg_elem_count) {  \
    XP_FUSION_RULES;                                                                               \
    XP_IN_NRAM(src1, seg_elem_count);                                                              \
    XP_IN_NRAM(src2, seg_elem_count);                                                              \
    for (int i = 0; i < src_elem_count; ++i) {                                                     \
      XP_FUSED(T, src0[i], src1[i % seg_elem_count], src2[i % seg_elem_count])                     \
    }                                                                                              \
  }
#if __BANG_ARCH__ >= 300
XP_FLOATS(XP_FUSION, )
#endif
#undef XP_FUSION
#undef XP_FUSION_RULES
#undef XP_FUSED
