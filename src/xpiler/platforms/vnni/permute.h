// Elements other than 32 bits wide taken by index, of one register or of two; one byte or word in all places. Unmarked:
// they are read, and nothing is written with them.
#pragma once

// Element e of the result is element `index` of a, or of b where the index goes on beyond a's.
#define XP_BY_INDEX(P, V, N, e, parts, take, at)                                                  \
  inline V P##_permutexvar_##e(V index, V a) {                                                    \
    V r;                                                                                          \
    for (int i = 0; i < N; ++i) {                                                                 \
      int lane = 0;                                                                               \
      for (int k = 0; k < parts; ++k) {                                                           \
        int from = take(index.v[i], k) & (parts * N - 1);                                         \
        lane |= at(take(a.v[from / parts], from % parts), k);                                     \
      }                                                                                           \
      r.v[i] = lane;                                                                              \
    }                                                                                             \
    return r;                                                                                     \
  }                                                                                               \
  inline V P##_permutex2var_##e(V a, V index, V b) {                                              \
    V r;                                                                                          \
    for (int i = 0; i < N; ++i) {                                                                 \
      int lane = 0;                                                                               \
      for (int k = 0; k < parts; ++k) {                                                           \
        int x = take(index.v[i], k);                                                              \
        int from = x & (parts * N - 1);                                                           \
        int source = x & (parts * N) ? b.v[from / parts] : a.v[from / parts];                     \
        lane |= at(take(source, from % parts), k);                                                \
      }                                                                                           \
      r.v[i] = lane;                                                                              \
    }                                                                                             \
    return r;                                                                                     \
  }
#define XP_BY_INDEX_MASKED(P, V, I, K, e)                                                         \
  XP_MASKED(P, V, K, e, permutexvar_##e, (I index, V a), (index, a))                              \
  XP_OF_TWO_MASKED(P, V, I, K, e)
#define XP_OF_TWO_MASKED(P, V, I, K, e)                                                           \
  inline V P##_mask_permutex2var_##e(V a, K k, I index, V b) {                                    \
    return P##_mask_mov_##e(a, k, P##_permutex2var_##e(a, index, b));                             \
  }                                                                                               \
  inline V P##_maskz_permutex2var_##e(K k, V a, I index, V b) {                                   \
    return P##_maskz_mov_##e(k, P##_permutex2var_##e(a, index, b));                               \
  }
#define XP_SPREAD(P, V, N, K, e, T, take)                                                         \
  inline V P##_broadcast##T##_##e(__m128i a) {                                                    \
    int x = take(a.v[0], 0);                                                                      \
    V r;                                                                                          \
    for (int i = 0; i < N; ++i) r.v[i] = XP_SPREAD_##T(x);                                        \
    return r;                                                                                     \
  }                                                                                               \
  XP_MASKED(P, V, K, e, broadcast##T##_##e, (__m128i a), (a))
#define XP_SPREAD_b(x) (int)((unsigned)x * 0x01010101u)
#define XP_SPREAD_w(x) (int)((unsigned)x * 0x00010001u)
#define XP_NARROW_MOVES(P, V, N, K8, K16)                                                         \
  XP_BY_INDEX(P, V, N, epi8, 4, xp_u8, xp_at8)                                                    \
  XP_BY_INDEX(P, V, N, epi16, 2, xp_u16, xp_at16)                                                 \
  XP_BY_INDEX_MASKED(P, V, V, K8, epi8)                                                           \
  XP_BY_INDEX_MASKED(P, V, V, K16, epi16)                                                         \
  XP_SPREAD(P, V, N, K8, epi8, b, xp_u8)                                                          \
  XP_SPREAD(P, V, N, K16, epi16, w, xp_u16)                                                       \
  XP_MASKED(P, V, __mmask8, epi64, broadcastq_epi64, (__m128i a), (a))
XP_NARROW_MOVES(_mm512, __m512i, 16, __mmask64, __mmask32)
XP_NARROW_MOVES(_mm256, __m256i, 8, __mmask32, __mmask16)
XP_NARROW_MOVES(_mm, __m128i, 4, __mmask16, __mmask8)
#undef XP_NARROW_MOVES
#undef XP_SPREAD
#undef XP_SPREAD_b
#undef XP_SPREAD_w
#undef XP_BY_INDEX

// Of 64 bits: M of them, whose indices are the low halves of pairs of lanes.
#define XP_WIDE_OF_TWO(P, D, I, M)                                                                \
  inline I P##_permutex2var_epi64(I a, I index, I b) {                                            \
    I r;                                                                                          \
    for (int i = 0; i < 2 * M; ++i) {                                                             \
      int x = index.v[i / 2 * 2];                                                                 \
      int from = 2 * (x & (M - 1)) + i % 2;                                                       \
      r.v[i] = x & M ? b.v[from] : a.v[from];                                                     \
    }                                                                                             \
    return r;                                                                                     \
  }                                                                                               \
  inline D P##_permutex2var_pd(D a, I index, D b) {                                               \
    D r;                                                                                          \
    for (int i = 0; i < M; ++i) {                                                                 \
      int x = index.v[2 * i];                                                                     \
      r.v[i] = x & M ? b.v[x & (M - 1)] : a.v[x & (M - 1)];                                       \
    }                                                                                             \
    return r;                                                                                     \
  }                                                                                               \
  XP_OF_TWO_MASKED(P, I, I, __mmask8, epi64)                                                      \
  XP_OF_TWO_MASKED(P, D, I, __mmask8, pd)
#define XP_WIDE_OF_ONE(P, D, I, M)                                                                \
  inline I P##_permutexvar_epi64(I index, I a) {                                                  \
    I r;                                                                                          \
    for (int i = 0; i < 2 * M; ++i) r.v[i] = a.v[2 * (index.v[i / 2 * 2] & (M - 1)) + i % 2];     \
    return r;                                                                                     \
  }                                                                                               \
  inline D P##_permutexvar_pd(I index, D a) {                                                     \
    D r;                                                                                          \
    for (int i = 0; i < M; ++i) r.v[i] = a.v[index.v[2 * i] & (M - 1)];                           \
    return r;                                                                                     \
  }                                                                                               \
  inline I P##_permutex_epi64(I a, int imm) {                                                     \
    I r;                                                                                          \
    for (int i = 0; i < 2 * M; ++i) r.v[i] = a.v[i / 8 * 8 + 2 * ((imm >> (2 * (i / 2 % 4))) & 3) + i % 2]; \
    return r;                                                                                     \
  }                                                                                               \
  inline D P##_permutex_pd(D a, int imm) {                                                        \
    D r;                                                                                          \
    for (int i = 0; i < M; ++i) r.v[i] = a.v[i / 4 * 4 + ((imm >> (2 * (i % 4))) & 3)];           \
    return r;                                                                                     \
  }                                                                                               \
  XP_MASKED(P, I, __mmask8, epi64, permutexvar_epi64, (I index, I a), (index, a))                 \
  XP_MASKED(P, D, __mmask8, pd, permutexvar_pd, (I index, D a), (index, a))
XP_WIDE_OF_TWO(_mm512, __m512d, __m512i, 8)
XP_WIDE_OF_TWO(_mm256, __m256d, __m256i, 4)
XP_WIDE_OF_TWO(_mm, __m128d, __m128i, 2)
XP_WIDE_OF_ONE(_mm512, __m512d, __m512i, 8)
XP_WIDE_OF_ONE(_mm256, __m256d, __m256i, 4)
#undef XP_WIDE_OF_TWO
#undef XP_WIDE_OF_ONE
#undef XP_BY_INDEX_MASKED
#undef XP_OF_TWO_MASKED
