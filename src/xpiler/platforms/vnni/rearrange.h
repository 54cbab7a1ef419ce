// Elements packed together by a mask and spread again, and taken by index; what two registers in a row hold; masked
// forms of what has its body elsewhere. Unmarked: they are read, and nothing is written with them.
#pragma once

// Kept elements move to the front, in order (SDM, VPCOMPRESSD); from the front to where a bit is set (VPEXPANDD).
#define XP_COMPRESS(P, V, N, K, T, e)                                      \
  inline V P##_mask_compress_##e(V src, K k, V a) {                        \
    V r = src;                                                             \
    int n = 0;                                                             \
    for (int i = 0; i < N; ++i)                                            \
      if ((k >> i) & 1) {                                                  \
        r.v[n] = a.v[i];                                                   \
        n = n + 1;                                                         \
      }                                                                    \
    return r;                                                              \
  }                                                                        \
  inline V P##_maskz_compress_##e(K k, V a) {                              \
    V r;                                                                   \
    for (int i = 0; i < N; ++i) r.v[i] = 0;                                \
    return P##_mask_compress_##e(r, k, a);                                 \
  }                                                                        \
  inline void P##_mask_compressstoreu_##e(void* p, K k, V a) {             \
    T* q = (T*)p;                                                          \
    int n = 0;                                                             \
    for (int i = 0; i < N; ++i)                                            \
      if ((k >> i) & 1) {                                                  \
        q[n] = a.v[i];                                                     \
        n = n + 1;                                                         \
      }                                                                    \
  }                                                                        \
  inline V P##_mask_expand_##e(V src, K k, V a) {                          \
    V r = src;                                                             \
    int n = 0;                                                             \
    for (int i = 0; i < N; ++i)                                            \
      if ((k >> i) & 1) {                                                  \
        r.v[i] = a.v[n];                                                   \
        n = n + 1;                                                         \
      }                                                                    \
    return r;                                                              \
  }                                                                        \
  inline V P##_maskz_expand_##e(K k, V a) {                                \
    V r;                                                                   \
    for (int i = 0; i < N; ++i) r.v[i] = 0;                                \
    return P##_mask_expand_##e(r, k, a);                                   \
  }                                                                        \
  inline V P##_mask_expandloadu_##e(V src, K k, const void* p) {           \
    const T* q = (const T*)p;                                              \
    V r = src;                                                             \
    int n = 0;                                                             \
    for (int i = 0; i < N; ++i)                                            \
      if ((k >> i) & 1) {                                                  \
        r.v[i] = q[n];                                                     \
        n = n + 1;                                                         \
      }                                                                    \
    return r;                                                              \
  }                                                                        \
  inline V P##_maskz_expandloadu_##e(K k, const void* p) {                 \
    V r;                                                                   \
    for (int i = 0; i < N; ++i) r.v[i] = 0;                                \
    return P##_mask_expandloadu_##e(r, k, p);                              \
  }
XP_COMPRESS(_mm512, __m512, 16, __mmask16, float, ps)
XP_COMPRESS(_mm256, __m256, 8, __mmask8, float, ps)
XP_COMPRESS(_mm, __m128, 4, __mmask8, float, ps)
XP_COMPRESS(_mm512, __m512i, 16, __mmask16, int, epi32)
XP_COMPRESS(_mm256, __m256i, 8, __mmask8, int, epi32)
XP_COMPRESS(_mm, __m128i, 4, __mmask8, int, epi32)
#undef XP_COMPRESS

// Two registers in a row, moved down by whole elements: `b` below `a`.
#define XP_IN_A_ROW(P, V, N, K)                                                                   \
  inline V P##_alignr_epi32(V a, V b, int imm) {                                                  \
    V r;                                                                                          \
    int by = imm & (N - 1);                                                                       \
    for (int i = 0; i < N; ++i) r.v[i] = i + by < N ? b.v[(i + by) % N] : a.v[(i + by) % N];      \
    return r;                                                                                     \
  }                                                                                               \
  inline V P##_alignr_epi64(V a, V b, int imm) {                                                  \
    V r;                                                                                          \
    int by = 2 * (imm & (N / 2 - 1));                                                             \
    for (int i = 0; i < N; ++i) r.v[i] = i + by < N ? b.v[(i + by) % N] : a.v[(i + by) % N];      \
    return r;                                                                                     \
  }                                                                                               \
  inline V P##_rorv_epi32(V a, V b) {                                                             \
    V r;                                                                                          \
    for (int i = 0; i < N; ++i) {                                                                 \
      int by = b.v[i] & 31;                                                                       \
      r.v[i] = by == 0 ? a.v[i] : (int)((unsigned)a.v[i] >> by | (unsigned)a.v[i] << (32 - by));  \
    }                                                                                             \
    return r;                                                                                     \
  }                                                                                               \
  inline V P##_ror_epi32(V a, int imm) { return P##_rorv_epi32(a, P##_set1_epi32(imm)); }         \
  inline V P##_lzcnt_epi32(V a) {                                                                 \
    V r;                                                                                          \
    for (int i = 0; i < N; ++i) {                                                                 \
      int n = 0, open = 1;                                                                        \
      for (int bit = 31; bit >= 0; --bit) {                                                       \
        if ((a.v[i] >> bit) & 1) open = 0;                                                        \
        n = n + open;                                                                             \
      }                                                                                           \
      r.v[i] = n;                                                                                 \
    }                                                                                             \
    return r;                                                                                     \
  }                                                                                               \
  XP_MASKED(P, V, K, epi32, alignr_epi32, (V a, V b, int imm), (a, b, imm))                       \
  XP_MASKED(P, V, K, epi32, rorv_epi32, (V a, V b), (a, b))                                       \
  XP_MASKED(P, V, K, epi32, ror_epi32, (V a, int imm), (a, imm))                                  \
  XP_MASKED(P, V, K, epi32, rol_epi32, (V a, int imm), (a, imm))                                  \
  XP_MASKED(P, V, K, epi32, rolv_epi32, (V a, V b), (a, b))                                       \
  XP_MASKED(P, V, K, epi32, lzcnt_epi32, (V a), (a))                                              \
  XP_MASKED(P, V, K, epi32, slli_epi32, (V a, int imm), (a, imm))                                 \
  XP_MASKED(P, V, K, epi32, srli_epi32, (V a, int imm), (a, imm))                                 \
  XP_MASKED(P, V, K, epi32, srai_epi32, (V a, int imm), (a, imm))                                 \
  XP_MASKED(P, V, K, epi32, shuffle_epi32, (V a, int imm), (a, imm))                              \
  XP_MASKED(P, V, K, epi32, unpacklo_epi32, (V a, V b), (a, b))                                   \
  XP_MASKED(P, V, K, epi32, unpackhi_epi32, (V a, V b), (a, b))                                   \
  XP_MASKED(P, V, K, epi32, broadcastd_epi32, (__m128i a), (a))
#define XP_IN_PLACES(P, V, I, N, K)                                                               \
  inline V P##_permutevar_ps(V a, I b) {                                                          \
    V r;                                                                                          \
    for (int i = 0; i < N; ++i) r.v[i] = a.v[i / 4 * 4 + (b.v[i] & 3)];                           \
    return r;                                                                                     \
  }                                                                                               \
  XP_MASKED(P, V, K, ps, permutevar_ps, (V a, I b), (a, b))                                       \
  XP_MASKED(P, V, K, ps, permute_ps, (V a, int imm), (a, imm))                                    \
  XP_MASKED(P, V, K, ps, shuffle_ps, (V a, V b, int imm), (a, b, imm))                            \
  XP_MASKED(P, V, K, ps, unpacklo_ps, (V a, V b), (a, b))                                         \
  XP_MASKED(P, V, K, ps, unpackhi_ps, (V a, V b), (a, b))                                         \
  XP_MASKED(P, V, K, ps, moveldup_ps, (V a), (a))                                                 \
  XP_MASKED(P, V, K, ps, movehdup_ps, (V a), (a))                                                 \
  XP_MASKED(P, V, K, ps, broadcastss_ps, (__m128 a), (a))
inline __m128i _mm_broadcastd_epi32(__m128i a) { return _mm_set1_epi32(a.v[0]); }
XP_IN_A_ROW(_mm512, __m512i, 16, __mmask16)
XP_IN_A_ROW(_mm256, __m256i, 8, __mmask8)
XP_IN_A_ROW(_mm, __m128i, 4, __mmask8)
XP_IN_PLACES(_mm512, __m512, __m512i, 16, __mmask16)
XP_IN_PLACES(_mm256, __m256, __m256i, 8, __mmask8)
XP_IN_PLACES(_mm, __m128, __m128i, 4, __mmask8)
#undef XP_IN_A_ROW
#undef XP_IN_PLACES

// By index: of one register, or of two (`a`, then `b`) where the index goes on.
#define XP_OF_TWO(P, V, I, N, e)                                                                  \
  inline V P##_permutex2var_##e(V a, I index, V b) {                                              \
    V r;                                                                                          \
    for (int i = 0; i < N; ++i)                                                                   \
      r.v[i] = index.v[i] & N ? b.v[index.v[i] & (N - 1)] : a.v[index.v[i] & (N - 1)];            \
    return r;                                                                                     \
  }
XP_OF_TWO(_mm256, __m256, __m256i, 8, ps)
XP_OF_TWO(_mm, __m128, __m128i, 4, ps)
XP_OF_TWO(_mm256, __m256i, __m256i, 8, epi32)
XP_OF_TWO(_mm, __m128i, __m128i, 4, epi32)
#undef XP_OF_TWO
#define XP_BY_INDEX(P, V, I, K, e)                                                                \
  XP_MASKED(P, V, K, e, permutexvar_##e, (I index, V a), (index, a))                              \
  inline V P##_mask_permutex2var_##e(V a, K k, I index, V b) {                                    \
    return P##_mask_mov_##e(a, k, P##_permutex2var_##e(a, index, b));                             \
  }                                                                                               \
  inline V P##_maskz_permutex2var_##e(K k, V a, I index, V b) {                                   \
    return P##_maskz_mov_##e(k, P##_permutex2var_##e(a, index, b));                               \
  }
XP_BY_INDEX(_mm512, __m512, __m512i, __mmask16, ps)
XP_BY_INDEX(_mm256, __m256, __m256i, __mmask8, ps)
XP_BY_INDEX(_mm512, __m512i, __m512i, __mmask16, epi32)
XP_BY_INDEX(_mm256, __m256i, __m256i, __mmask8, epi32)
#undef XP_BY_INDEX

// Words to bytes: the low half, or the nearest byte.
#define XP_WORDS_TO_BYTES(P, To, n, From, op, value)                                              \
  inline To P##_##op##_epi8(From a) {                                                             \
    To r;                                                                                         \
    for (int i = 0; i < n; ++i) {                                                                 \
      int lane = 0;                                                                               \
      for (int j = 0; j < 4; ++j) {                                                               \
        int x = xp_s16(a.v[2 * i + j / 2], j % 2);                                                \
        lane |= xp_at8((value), j);                                                               \
      }                                                                                           \
      r.v[i] = lane;                                                                              \
    }                                                                                             \
    return r;                                                                                     \
  }
#define XP_WORDS_TO_BYTES_OF(P, To, n, From)                                                      \
  XP_WORDS_TO_BYTES(P, To, n, From, cvtepi16, x)                                                  \
  XP_WORDS_TO_BYTES(P, To, n, From, cvtsepi16, xp_clamp(x, -128, 127))                            \
  XP_WORDS_TO_BYTES(P, To, n, From, cvtusepi16, (x & 65535) > 255 ? 255 : x)
XP_WORDS_TO_BYTES_OF(_mm512, __m256i, 8, __m512i)
XP_WORDS_TO_BYTES_OF(_mm256, __m128i, 4, __m256i)
#undef XP_WORDS_TO_BYTES_OF
#undef XP_WORDS_TO_BYTES

// Bits do not ask how wide an element is.
#define XP_WIDE_BITS(P, V)                                                              \
  inline V P##_and_epi64(V a, V b) { return P##_and_epi32(a, b); }                      \
  inline V P##_or_epi64(V a, V b) { return P##_or_epi32(a, b); }                        \
  inline V P##_xor_epi64(V a, V b) { return P##_xor_epi32(a, b); }                      \
  inline V P##_andnot_epi64(V a, V b) { return P##_andnot_epi32(a, b); }                \
  inline V P##_ternarylogic_epi64(V a, V b, V c, int imm) { return P##_ternarylogic_epi32(a, b, c, imm); }
XP_WIDE_BITS(_mm512, __m512i)
#undef XP_WIDE_BITS
inline __m512i _mm512_zextsi256_si512(__m256i a) { return _mm512_castsi256_si512(a); }
inline __m512i _mm512_zextsi128_si512(__m128i a) { return _mm512_castsi128_si512(a); }

// Gathers and scatters of integers, and masked ones.
inline __m512i _mm512_mask_i32gather_epi32(__m512i src, __mmask16 k, __m512i index, const void* base, int scale) {
  return _mm512_mask_i32gather_epi32(src, k, index, (const int*)base, scale);
}
inline void _mm512_i32scatter_epi32(void* base, __m512i index, __m512i a, int scale) {
  XP_REQUIRE(scale == 4, "a scatter of 32-bit integers with a scale other than 4");
  int* q = (int*)base;
  for (int i = 0; i < 16; ++i) q[index.v[i]] = a.v[i];
}
inline void _mm512_mask_i32scatter_epi32(void* base, __mmask16 k, __m512i index, __m512i a, int scale) {
  XP_REQUIRE(scale == 4, "a scatter of 32-bit integers with a scale other than 4");
  int* q = (int*)base;
  for (int i = 0; i < 16; ++i)
    if ((k >> i) & 1) q[index.v[i]] = a.v[i];
}
inline void _mm512_mask_i32scatter_ps(void* base, __mmask16 k, __m512i index, __m512 a, int scale) {
  XP_WHOLE(scale);
  float* q = (float*)base;
  for (int i = 0; i < 16; ++i)
    if ((k >> i) & 1) q[index.v[i]] = a.v[i];
}
