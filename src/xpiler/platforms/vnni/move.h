// Parts of vectors, and elements moved between places.
#pragma once

// A part that starts at element `at`; a vector with one part replaced.
#define XP_EXTRACT(name, To, N, From, parts)                                    \
  XP_INTRINSIC inline To name(From a, int at) {                                 \
    XP_REQUIRE(at >= 0 && at < parts, "there is no such part of the vector");   \
    To r;                                                                       \
    for (int i = 0; i < N; ++i) r.v[i] = a.v[at * N + i];                       \
    return r;                                                                   \
  }
#define XP_INSERT(name, From, total, To, N, parts)                              \
  XP_INTRINSIC inline From name(From a, To b, int at) {                         \
    XP_REQUIRE(at >= 0 && at < parts, "there is no such part of the vector");   \
    From r;                                                                     \
    for (int i = 0; i < total; ++i) r.v[i] = i / N == at ? b.v[i % N] : a.v[i]; \
    return r;                                                                   \
  }
XP_EXTRACT(_mm512_extractf32x8_ps, __m256, 8, __m512, 2)
XP_EXTRACT(_mm512_extractf32x4_ps, __m128, 4, __m512, 4)
XP_EXTRACT(_mm512_extracti32x8_epi32, __m256i, 8, __m512i, 2)
XP_EXTRACT(_mm512_extracti64x4_epi64, __m256i, 8, __m512i, 2)
XP_EXTRACT(_mm512_extracti32x4_epi32, __m128i, 4, __m512i, 4)
XP_EXTRACT(_mm256_extractf128_ps, __m128, 4, __m256, 2)
XP_EXTRACT(_mm256_extractf32x4_ps, __m128, 4, __m256, 2)
XP_EXTRACT(_mm256_extracti128_si256, __m128i, 4, __m256i, 2)
XP_EXTRACT(_mm256_extractf128_si256, __m128i, 4, __m256i, 2)
XP_EXTRACT(_mm256_extractf128_pd, __m128d, 2, __m256d, 2)
XP_EXTRACT(_mm512_extractf64x4_pd, __m256d, 4, __m512d, 2)
XP_EXTRACT(_mm512_extractf64x2_pd, __m128d, 2, __m512d, 4)
XP_EXTRACT(_mm256_extractf64x2_pd, __m128d, 2, __m256d, 2)
XP_EXTRACT(_mm512_extracti64x2_epi64, __m128i, 4, __m512i, 4)
XP_EXTRACT(_mm256_extracti64x2_epi64, __m128i, 4, __m256i, 2)
XP_EXTRACT(_mm256_extracti32x4_epi32, __m128i, 4, __m256i, 2)
XP_INSERT(_mm512_insertf32x8, __m512, 16, __m256, 8, 2)
XP_INSERT(_mm512_insertf32x4, __m512, 16, __m128, 4, 4)
XP_INSERT(_mm512_inserti32x8, __m512i, 16, __m256i, 8, 2)
XP_INSERT(_mm512_inserti64x4, __m512i, 16, __m256i, 8, 2)
XP_INSERT(_mm512_inserti32x4, __m512i, 16, __m128i, 4, 4)
XP_INSERT(_mm256_insertf128_ps, __m256, 8, __m128, 4, 2)
XP_INSERT(_mm256_inserti128_si256, __m256i, 8, __m128i, 4, 2)
XP_INSERT(_mm256_insertf32x4, __m256, 8, __m128, 4, 2)
XP_INSERT(_mm256_inserti32x4, __m256i, 8, __m128i, 4, 2)
XP_INSERT(_mm512_insertf64x4, __m512d, 8, __m256d, 4, 2)
XP_INSERT(_mm512_insertf64x2, __m512d, 8, __m128d, 2, 4)
XP_INSERT(_mm512_inserti64x2, __m512i, 16, __m128i, 4, 4)
XP_INSERT(_mm256_insertf64x2, __m256d, 4, __m128d, 2, 2)
XP_INSERT(_mm256_insertf128_pd, __m256d, 4, __m128d, 2, 2)
XP_INSERT(_mm256_inserti64x2, __m256i, 8, __m128i, 4, 2)

// To a narrower vector: its low part. To a wider one: the upper part is undefined; zero is one such value.
#define XP_RESIZE(name, To, N, From, M)                                     \
  XP_INTRINSIC inline To name(From a) {                                     \
    To r;                                                                   \
    for (int i = 0; i < N; ++i) r.v[i] = i < M ? a.v[i % M] : 0;            \
    return r;                                                               \
  }
XP_RESIZE(_mm512_castps512_ps256, __m256, 8, __m512, 16)
XP_RESIZE(_mm512_castps512_ps128, __m128, 4, __m512, 16)
XP_RESIZE(_mm512_castps256_ps512, __m512, 16, __m256, 8)
XP_RESIZE(_mm512_castps128_ps512, __m512, 16, __m128, 4)
XP_RESIZE(_mm512_zextps256_ps512, __m512, 16, __m256, 8)
XP_RESIZE(_mm512_castsi512_si256, __m256i, 8, __m512i, 16)
XP_RESIZE(_mm512_castsi512_si128, __m128i, 4, __m512i, 16)
XP_RESIZE(_mm512_castsi256_si512, __m512i, 16, __m256i, 8)
XP_RESIZE(_mm512_castsi128_si512, __m512i, 16, __m128i, 4)
XP_RESIZE(_mm512_castpd512_pd256, __m256d, 4, __m512d, 8)
XP_RESIZE(_mm512_castpd512_pd128, __m128d, 2, __m512d, 8)
XP_RESIZE(_mm512_castpd256_pd512, __m512d, 8, __m256d, 4)
XP_RESIZE(_mm512_castpd128_pd512, __m512d, 8, __m128d, 2)
XP_RESIZE(_mm256_castpd128_pd256, __m256d, 4, __m128d, 2)
XP_RESIZE(_mm256_castps256_ps128, __m128, 4, __m256, 8)
XP_RESIZE(_mm256_castps128_ps256, __m256, 8, __m128, 4)
XP_RESIZE(_mm256_castsi256_si128, __m128i, 4, __m256i, 8)
XP_RESIZE(_mm256_castsi128_si256, __m256i, 8, __m128i, 4)
XP_RESIZE(_mm256_castpd256_pd128, __m128d, 2, __m256d, 4)

// A short vector repeated, or its first element in all places.
#define XP_REPEAT(name, To, N, From, M)                                     \
  XP_INTRINSIC inline To name(From a) {                                     \
    To r;                                                                   \
    for (int i = 0; i < N; ++i) r.v[i] = a.v[i % M];                        \
    return r;                                                               \
  }
XP_REPEAT(_mm512_broadcast_f32x8, __m512, 16, __m256, 8)
XP_REPEAT(_mm512_broadcast_f32x4, __m512, 16, __m128, 4)
XP_REPEAT(_mm512_broadcast_i32x4, __m512i, 16, __m128i, 4)
XP_REPEAT(_mm512_broadcast_i32x8, __m512i, 16, __m256i, 8)
XP_REPEAT(_mm256_broadcastsi128_si256, __m256i, 8, __m128i, 4)
XP_REPEAT(_mm512_broadcastss_ps, __m512, 16, __m128, 1)
XP_REPEAT(_mm512_broadcastd_epi32, __m512i, 16, __m128i, 1)
XP_REPEAT(_mm256_broadcastss_ps, __m256, 8, __m128, 1)
XP_REPEAT(_mm256_broadcastd_epi32, __m256i, 8, __m128i, 1)
XP_REPEAT(_mm_broadcastss_ps, __m128, 4, __m128, 1)
XP_REPEAT(_mm512_broadcast_f32x2, __m512, 16, __m128, 2)
XP_REPEAT(_mm256_broadcast_f32x2, __m256, 8, __m128, 2)
XP_REPEAT(_mm256_broadcast_f32x4, __m256, 8, __m128, 4)
XP_REPEAT(_mm512_broadcast_i32x2, __m512i, 16, __m128i, 2)
XP_REPEAT(_mm256_broadcast_i32x2, __m256i, 8, __m128i, 2)
XP_REPEAT(_mm_broadcast_i32x2, __m128i, 4, __m128i, 2)
XP_REPEAT(_mm256_broadcast_i32x4, __m256i, 8, __m128i, 4)
XP_REPEAT(_mm512_broadcast_i64x4, __m512i, 16, __m256i, 8)
XP_REPEAT(_mm512_broadcast_i64x2, __m512i, 16, __m128i, 4)
XP_REPEAT(_mm256_broadcast_i64x2, __m256i, 8, __m128i, 4)
XP_REPEAT(_mm512_broadcastq_epi64, __m512i, 16, __m128i, 2)
XP_REPEAT(_mm256_broadcastq_epi64, __m256i, 8, __m128i, 2)
XP_REPEAT(_mm_broadcastq_epi64, __m128i, 4, __m128i, 2)
XP_REPEAT(_mm512_broadcast_f64x4, __m512d, 8, __m256d, 4)
XP_REPEAT(_mm512_broadcast_f64x2, __m512d, 8, __m128d, 2)
XP_REPEAT(_mm256_broadcast_f64x2, __m256d, 4, __m128d, 2)
XP_REPEAT(_mm512_broadcastsd_pd, __m512d, 8, __m128d, 1)
XP_REPEAT(_mm256_broadcastsd_pd, __m256d, 4, __m128d, 1)

// Element i of the result from element `from` of a (or of b where the second expression says so).
#define XP_MOVE1(P, V, N, op, from)                                         \
  XP_INTRINSIC inline V P##_##op(V a) {                                     \
    V r;                                                                    \
    for (int i = 0; i < N; ++i) r.v[i] = a.v[from];                         \
    return r;                                                               \
  }
#define XP_MOVE2(P, V, N, op, first, from)                                  \
  XP_INTRINSIC inline V P##_##op(V a, V b) {                                \
    V r;                                                                    \
    for (int i = 0; i < N; ++i) r.v[i] = (first) ? a.v[from] : b.v[from];   \
    return r;                                                               \
  }
#define XP_SHUFFLE1(P, V, N, op, from)                                      \
  XP_INTRINSIC inline V P##_##op(V a, int control) {                        \
    V r;                                                                    \
    for (int i = 0; i < N; ++i) r.v[i] = a.v[from];                         \
    return r;                                                               \
  }
#define XP_SHUFFLE2(P, V, N, op, first, from)                               \
  XP_INTRINSIC inline V P##_##op(V a, V b, int control) {                   \
    V r;                                                                    \
    for (int i = 0; i < N; ++i) r.v[i] = (first) ? a.v[from] : b.v[from];   \
    return r;                                                               \
  }
// The place within the 128 bits of element i that its two bits of the control name.
#define XP_QUARTER(i) ((i) / 4 * 4 + ((control >> (2 * ((i) % 4))) & 3))
#define XP_MOVES(P, F, I, N)                                                \
  XP_SHUFFLE2(P, F, N, shuffle_ps, i % 4 < 2, XP_QUARTER(i))                \
  XP_SHUFFLE1(P, F, N, permute_ps, XP_QUARTER(i))                           \
  XP_SHUFFLE1(P, I, N, shuffle_epi32, XP_QUARTER(i))                        \
  XP_MOVE2(P, F, N, unpacklo_ps, i % 2 == 0, i / 4 * 4 + i % 4 / 2)         \
  XP_MOVE2(P, F, N, unpackhi_ps, i % 2 == 0, i / 4 * 4 + i % 4 / 2 + 2)     \
  XP_MOVE2(P, I, N, unpacklo_epi32, i % 2 == 0, i / 4 * 4 + i % 4 / 2)      \
  XP_MOVE2(P, I, N, unpackhi_epi32, i % 2 == 0, i / 4 * 4 + i % 4 / 2 + 2)  \
  XP_MOVE2(P, I, N, unpacklo_epi64, i % 4 < 2, i / 4 * 4 + i % 2)           \
  XP_MOVE2(P, I, N, unpackhi_epi64, i % 4 < 2, i / 4 * 4 + i % 2 + 2)       \
  XP_MOVE1(P, F, N, moveldup_ps, i / 2 * 2)                                 \
  XP_MOVE1(P, F, N, movehdup_ps, i / 2 * 2 + 1)
XP_MOVES(_mm512, __m512, __m512i, 16)
XP_MOVES(_mm256, __m256, __m256i, 8)
XP_MOVES(_mm, __m128, __m128i, 4)
XP_MOVE2(_mm, __m128, 4, movehl_ps, i >= 2, i < 2 ? i + 2 : i)
XP_MOVE2(_mm, __m128, 4, movelh_ps, i < 2, i % 2)
XP_SHUFFLE2(_mm512, __m512, 16, shuffle_f32x4, i < 8, ((control >> (2 * (i / 4))) & 3) * 4 + i % 4)
XP_SHUFFLE2(_mm512, __m512i, 16, shuffle_i32x4, i < 8, ((control >> (2 * (i / 4))) & 3) * 4 + i % 4)
XP_SHUFFLE2(_mm512, __m512i, 16, shuffle_i64x2, i < 8, ((control >> (2 * (i / 4))) & 3) * 4 + i % 4)
XP_SHUFFLE2(_mm512, __m512d, 8, shuffle_f64x2, i < 4, ((control >> (2 * (i / 2))) & 3) * 2 + i % 2)
XP_SHUFFLE2(_mm256, __m256, 8, shuffle_f32x4, i < 4, ((control >> (i / 4)) & 1) * 4 + i % 4)
XP_SHUFFLE2(_mm256, __m256i, 8, shuffle_i32x4, i < 4, ((control >> (i / 4)) & 1) * 4 + i % 4)
XP_SHUFFLE2(_mm256, __m256i, 8, shuffle_i64x2, i < 4, ((control >> (i / 4)) & 1) * 4 + i % 4)
XP_SHUFFLE2(_mm256, __m256d, 4, shuffle_f64x2, i < 2, ((control >> (i / 2)) & 1) * 2 + i % 2)
XP_SHUFFLE2(_mm256, __m256, 8, blend_ps, !((control >> i) & 1), i)
XP_SHUFFLE2(_mm, __m128, 4, blend_ps, !((control >> i) & 1), i)
XP_SHUFFLE1(_mm256, __m256i, 8, permute4x64_epi64, ((control >> (2 * (i / 2))) & 3) * 2 + i % 2)

// Halves of a and b; bit 3 of a half's control clears it.
#define XP_HALVES(name, V)                                                              \
  XP_INTRINSIC inline V name(V a, V b, int control) {                                   \
    V r;                                                                                \
    for (int i = 0; i < 8; ++i) {                                                       \
      int c = (control >> (4 * (i / 4))) & 15;                                          \
      r.v[i] = c >= 8 ? 0 : c & 2 ? b.v[(c & 1) * 4 + i % 4] : a.v[(c & 1) * 4 + i % 4]; \
    }                                                                                   \
    return r;                                                                           \
  }
XP_HALVES(_mm256_permute2f128_ps, __m256)
XP_HALVES(_mm256_permute2x128_si256, __m256i)

// Any element to any place; the index vector comes first, or last where named permutevar8x32.
#define XP_PERMUTE(name, V, I, N)                                           \
  XP_INTRINSIC inline V name(I index, V a) {                                \
    V r;                                                                    \
    for (int i = 0; i < N; ++i) r.v[i] = a.v[index.v[i] & (N - 1)];         \
    return r;                                                               \
  }
XP_PERMUTE(_mm512_permutexvar_ps, __m512, __m512i, 16)
XP_PERMUTE(_mm512_permutexvar_epi32, __m512i, __m512i, 16)
XP_PERMUTE(_mm256_permutexvar_ps, __m256, __m256i, 8)
XP_PERMUTE(_mm256_permutexvar_epi32, __m256i, __m256i, 8)
inline __m256 _mm256_permutevar8x32_ps(__m256 a, __m256i index) { return _mm256_permutexvar_ps(index, a); }
inline __m256i _mm256_permutevar8x32_epi32(__m256i a, __m256i index) { return _mm256_permutexvar_epi32(index, a); }
XP_INTRINSIC inline __m512 _mm512_permutex2var_ps(__m512 a, __m512i index, __m512 b) {
  __m512 r;
  for (int i = 0; i < 16; ++i) r.v[i] = index.v[i] & 16 ? b.v[index.v[i] & 15] : a.v[index.v[i] & 15];
  return r;
}

// Sums and differences of neighbours, within each 128 bits: two of a, then two of b.
#define XP_NEIGHBOURS(P, V, N, op, sign)                                               \
  XP_INTRINSIC inline V P##_##op(V a, V b) {                                           \
    V r;                                                                               \
    for (int i = 0; i < N; ++i) {                                                      \
      int at = i / 4 * 4 + i % 2 * 2;                                                  \
      r.v[i] = i % 4 < 2 ? a.v[at] sign a.v[at + 1] : b.v[at] sign b.v[at + 1];        \
    }                                                                                  \
    return r;                                                                          \
  }
XP_NEIGHBOURS(_mm256, __m256, 8, hadd_ps, +)
XP_NEIGHBOURS(_mm256, __m256, 8, hsub_ps, -)
XP_NEIGHBOURS(_mm256, __m256i, 8, hadd_epi32, +)
XP_NEIGHBOURS(_mm, __m128, 4, hadd_ps, +)
XP_NEIGHBOURS(_mm, __m128, 4, hsub_ps, -)
XP_NEIGHBOURS(_mm, __m128i, 4, hadd_epi32, +)

// Bytes moved within each 128 bits; a control byte with its top bit set gives zero.
#define XP_SHUFFLE_BYTES(P, V, N)                                                      \
  XP_INTRINSIC inline V P##_shuffle_epi8(V a, V b) {                                   \
    V r;                                                                               \
    for (int i = 0; i < N; ++i) {                                                      \
      int lane = 0;                                                                    \
      for (int k = 0; k < 4; ++k) {                                                    \
        int c = xp_u8(b.v[i], k);                                                      \
        int byte = xp_u8(a.v[i / 4 * 4 + (c & 15) / 4], c % 4);                        \
        lane |= xp_at8(c > 127 ? 0 : byte, k);                                         \
      }                                                                                \
      r.v[i] = lane;                                                                   \
    }                                                                                  \
    return r;                                                                          \
  }
XP_SHUFFLE_BYTES(_mm512, __m512i, 16)
XP_SHUFFLE_BYTES(_mm256, __m256i, 8)
XP_SHUFFLE_BYTES(_mm, __m128i, 4)
XP_INTRINSIC inline int _mm_extract_epi32(__m128i a, int at) { return a.v[at & 3]; }
XP_INTRINSIC inline int _mm256_extract_epi32(__m256i a, int at) { return a.v[at & 7]; }
