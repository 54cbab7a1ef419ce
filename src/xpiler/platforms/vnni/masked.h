// Elements of every width chosen by masks, and masked forms of what has its body elsewhere. Unmarked: they are read, and
// nothing is written with them.
#pragma once

// Where an element's bit is set, the element of `a`; elsewhere that of `src`, or zero.
#define XP_CHOOSE(P, V, N, K, e, per)                                                               \
  inline V P##_mask_mov_##e(V src, K k, V a) {                                                      \
    V r;                                                                                            \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> (i / per)) & 1) ? a.v[i] : src.v[i];                \
    return r;                                                                                       \
  }                                                                                                 \
  inline V P##_maskz_mov_##e(K k, V a) {                                                            \
    V r;                                                                                            \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> (i / per)) & 1) ? a.v[i] : 0;                       \
    return r;                                                                                       \
  }                                                                                                 \
  inline V P##_mask_blend_##e(K k, V a, V b) { return P##_mask_mov_##e(a, k, b); }
#define XP_CHOOSE_PARTS(P, V, N, K, e, parts, take, at)                                             \
  inline V P##_mask_mov_##e(V src, K k, V a) {                                                      \
    V r;                                                                                            \
    for (int i = 0; i < N; ++i) {                                                                   \
      int lane = 0;                                                                                 \
      for (int j = 0; j < parts; ++j)                                                               \
        lane |= at(((k >> (parts * i + j)) & 1) ? take(a.v[i], j) : take(src.v[i], j), j);          \
      r.v[i] = lane;                                                                                \
    }                                                                                               \
    return r;                                                                                       \
  }                                                                                                 \
  inline V P##_maskz_mov_##e(K k, V a) {                                                            \
    V r;                                                                                            \
    for (int i = 0; i < N; ++i) {                                                                   \
      int lane = 0;                                                                                 \
      for (int j = 0; j < parts; ++j) lane |= at(((k >> (parts * i + j)) & 1) ? take(a.v[i], j) : 0, j); \
      r.v[i] = lane;                                                                                \
    }                                                                                               \
    return r;                                                                                       \
  }                                                                                                 \
  inline V P##_mask_blend_##e(K k, V a, V b) { return P##_mask_mov_##e(a, k, b); }
#define XP_CHOOSE_WIDTH(P, D, I, N, K8, K16)                                                        \
  XP_CHOOSE(P, D, N / 2, __mmask8, pd, 1)                                                           \
  XP_CHOOSE(P, I, N, __mmask8, epi64, 2)                                                            \
  XP_CHOOSE_PARTS(P, I, N, K16, epi16, 2, xp_u16, xp_at16)                                          \
  XP_CHOOSE_PARTS(P, I, N, K8, epi8, 4, xp_u8, xp_at8)
XP_CHOOSE_WIDTH(_mm512, __m512d, __m512i, 16, __mmask64, __mmask32)
XP_CHOOSE_WIDTH(_mm256, __m256d, __m256i, 8, __mmask32, __mmask16)
XP_CHOOSE_WIDTH(_mm, __m128d, __m128i, 4, __mmask16, __mmask8)
#undef XP_CHOOSE_WIDTH
#undef XP_CHOOSE_PARTS
#undef XP_CHOOSE

// One operation on elements e where a bit is set; elsewhere `src`, or zero. Arguments in parentheses.
#define XP_MASKED(P, V, K, e, name, params, args)                                                   \
  inline V P##_mask_##name(V src, K k, XP_LIST params) { return P##_mask_mov_##e(src, k, P##_##name args); } \
  inline V P##_maskz_##name(K k, XP_LIST params) { return P##_maskz_mov_##e(k, P##_##name args); }
#define XP_LIST(...) __VA_ARGS__
