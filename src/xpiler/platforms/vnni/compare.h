// Comparing lanes into masks, and choosing lanes by masks.
//
// The forms that take a predicate are unmarked: inlined where the predicate is a constant, what is left is one
// comparison of C.
#pragma once

#define XP_COMPARE_PS(P, V, N, K, unused)                                                        \
  inline K P##_cmp_ps_mask(V a, V b, int predicate) {                                            \
    unsigned k = 0;                                                                              \
    for (int i = 0; i < N; ++i) k |= (unsigned)xp_compare(a.v[i], b.v[i], predicate) << i;       \
    return (K)k;                                                                                 \
  }                                                                                              \
  inline K P##_mask_cmp_ps_mask(K m, V a, V b, int predicate) {                                  \
    unsigned k = 0;                                                                              \
    for (int i = 0; i < N; ++i) k |= (unsigned)xp_compare(a.v[i], b.v[i], predicate) << i;       \
    return (K)(k & m);                                                                           \
  }                                                                                              \
  XP_INTRINSIC inline V P##_mask_blend_ps(K k, V a, V b) {                                       \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? b.v[i] : a.v[i];                       \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline V P##_mask_mov_ps(V src, K k, V a) {                                       \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? a.v[i] : src.v[i];                     \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline V P##_maskz_mov_ps(K k, V a) {                                             \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? a.v[i] : 0;                            \
    return r;                                                                                    \
  }
XP_WIDTHS_PS(XP_COMPARE_PS, )
XP_INTRINSIC inline __mmask16 _mm512_cmpeq_ps_mask(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
XP_INTRINSIC inline __mmask16 _mm512_cmplt_ps_mask(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OS); }
XP_INTRINSIC inline __mmask16 _mm512_cmple_ps_mask(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OS); }
XP_INTRINSIC inline __mmask16 _mm512_cmpneq_ps_mask(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }
XP_INTRINSIC inline __mmask16 _mm512_cmpnlt_ps_mask(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_NLT_US); }
XP_INTRINSIC inline __mmask16 _mm512_cmpnle_ps_mask(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_NLE_US); }
XP_INTRINSIC inline __mmask16 _mm512_cmpunord_ps_mask(__m512 a, __m512 b) { return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q); }

#define XP_COMPARE_EPI32(P, V, N, K, op, T, p)                                                   \
  XP_INTRINSIC inline K P##_##op##_mask(V a, V b) {                                              \
    unsigned k = 0;                                                                              \
    for (int i = 0; i < N; ++i) k |= (unsigned)xp_compare_int((T)a.v[i], (T)b.v[i], p) << i;     \
    return (K)k;                                                                                 \
  }                                                                                              \
  XP_INTRINSIC inline K P##_mask_##op##_mask(K m, V a, V b) {                                    \
    unsigned k = 0;                                                                              \
    for (int i = 0; i < N; ++i) k |= (unsigned)xp_compare_int((T)a.v[i], (T)b.v[i], p) << i;     \
    return (K)(k & m);                                                                           \
  }
XP_WIDTHS_EPI32(XP_COMPARE_EPI32, cmpeq_epi32, int, 0)
XP_WIDTHS_EPI32(XP_COMPARE_EPI32, cmplt_epi32, int, 1)
XP_WIDTHS_EPI32(XP_COMPARE_EPI32, cmple_epi32, int, 2)
XP_WIDTHS_EPI32(XP_COMPARE_EPI32, cmpneq_epi32, int, 4)
XP_WIDTHS_EPI32(XP_COMPARE_EPI32, cmpge_epi32, int, 5)
XP_WIDTHS_EPI32(XP_COMPARE_EPI32, cmpgt_epi32, int, 6)
XP_WIDTHS_EPI32(XP_COMPARE_EPI32, cmplt_epu32, unsigned, 1)
XP_WIDTHS_EPI32(XP_COMPARE_EPI32, cmpgt_epu32, unsigned, 6)
#define XP_COMPARE_ANY(P, V, N, K, unused)                                                       \
  inline K P##_cmp_epi32_mask(V a, V b, int predicate) {                                         \
    unsigned k = 0;                                                                              \
    for (int i = 0; i < N; ++i) k |= (unsigned)xp_compare_int(a.v[i], b.v[i], predicate) << i;   \
    return (K)k;                                                                                 \
  }                                                                                              \
  XP_INTRINSIC inline V P##_mask_blend_epi32(K k, V a, V b) {                                    \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? b.v[i] : a.v[i];                       \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline V P##_mask_mov_epi32(V src, K k, V a) {                                    \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? a.v[i] : src.v[i];                     \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline V P##_maskz_mov_epi32(K k, V a) {                                          \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? a.v[i] : 0;                            \
    return r;                                                                                    \
  }
XP_WIDTHS_EPI32(XP_COMPARE_ANY, )

// AVX and AVX2: a lane of all ones where the comparison holds; the top bit of a lane chooses.
#define XP_COMPARE_VECTOR(P, F, I, N)                                                            \
  inline F P##_cmp_ps(F a, F b, int predicate) {                                                 \
    F r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = xp_float_of(xp_compare(a.v[i], b.v[i], predicate) ? -1 : 0); \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline F P##_blendv_ps(F a, F b, F k) {                                           \
    F r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = xp_int_bits(k.v[i]) < 0 ? b.v[i] : a.v[i];              \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline int P##_movemask_ps(F a) {                                                 \
    int k = 0;                                                                                   \
    for (int i = 0; i < N; ++i) k |= (xp_int_bits(a.v[i]) < 0 ? 1 : 0) << i;                     \
    return k;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline I P##_cmpeq_epi32(I a, I b) {                                              \
    I r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = a.v[i] == b.v[i] ? -1 : 0;                              \
    return r;                                                                                    \
  }                                                                                              \
  XP_INTRINSIC inline I P##_cmpgt_epi32(I a, I b) {                                              \
    I r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = a.v[i] > b.v[i] ? -1 : 0;                               \
    return r;                                                                                    \
  }
XP_COMPARE_VECTOR(_mm256, __m256, __m256i, 8)
XP_COMPARE_VECTOR(_mm, __m128, __m128i, 4)
