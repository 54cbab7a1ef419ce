// Bits counted in every element (SDM, VPOPCNT, VPLZCNT). Unmarked: they are read, and nothing is written with them.
#pragma once

// Bits that are set in each of the `parts` elements of a lane.
#define XP_POPCNT(P, V, N, K, e, parts, bits, take, at)                    \
  inline V P##_popcnt_##e(V a) {                                           \
    V r;                                                                   \
    for (int i = 0; i < N; ++i) {                                          \
      int lane = 0;                                                        \
      for (int j = 0; j < parts; ++j) {                                    \
        int n = 0;                                                         \
        for (int bit = 0; bit < bits; ++bit) n = n + ((take(a.v[i], j) >> bit) & 1); \
        lane |= at(n, j);                                                  \
      }                                                                    \
      r.v[i] = lane;                                                       \
    }                                                                      \
    return r;                                                              \
  }                                                                        \
  XP_MASKED(P, V, K, e, popcnt_##e, (V a), (a))
#define XP_COUNTS(P, V, N, K8, K16, K32)                                   \
  XP_POPCNT(P, V, N, K8, epi8, 4, 8, xp_u8, xp_at8)                        \
  XP_POPCNT(P, V, N, K16, epi16, 2, 16, xp_u16, xp_at16)                   \
  inline V P##_popcnt_epi32(V a) {                                         \
    V r;                                                                   \
    for (int i = 0; i < N; ++i) {                                          \
      int n = 0;                                                           \
      for (int bit = 0; bit < 32; ++bit) n = n + ((a.v[i] >> bit) & 1);    \
      r.v[i] = n;                                                          \
    }                                                                      \
    return r;                                                              \
  }                                                                        \
  inline V P##_popcnt_epi64(V a) {                                         \
    V r;                                                                   \
    for (int i = 0; i < N / 2; ++i) {                                      \
      int n = 0;                                                           \
      for (int bit = 0; bit < 64; ++bit) n = n + ((a.v[2 * i + bit / 32] >> (bit % 32)) & 1); \
      r.v[2 * i] = n;                                                      \
      r.v[2 * i + 1] = 0;                                                  \
    }                                                                      \
    return r;                                                              \
  }                                                                        \
  inline V P##_lzcnt_epi64(V a) {                                          \
    V r;                                                                   \
    for (int i = 0; i < N / 2; ++i) {                                      \
      int n = 0, open = 1;                                                 \
      for (int bit = 63; bit >= 0; --bit) {                                \
        if ((a.v[2 * i + bit / 32] >> (bit % 32)) & 1) open = 0;           \
        n = n + open;                                                      \
      }                                                                    \
      r.v[2 * i] = n;                                                      \
      r.v[2 * i + 1] = 0;                                                  \
    }                                                                      \
    return r;                                                              \
  }                                                                        \
  XP_MASKED(P, V, K32, epi32, popcnt_epi32, (V a), (a))                    \
  XP_MASKED(P, V, __mmask8, epi64, popcnt_epi64, (V a), (a))               \
  XP_MASKED(P, V, __mmask8, epi64, lzcnt_epi64, (V a), (a))
XP_COUNTS(_mm512, __m512i, 16, __mmask64, __mmask32, __mmask16)
XP_COUNTS(_mm256, __m256i, 8, __mmask32, __mmask16, __mmask8)
XP_COUNTS(_mm, __m128i, 4, __mmask16, __mmask8, __mmask8)
#undef XP_COUNTS
#undef XP_POPCNT
