// VNNI: products of bytes or words, summed into 32-bit lanes (SDM, VPDPBUSD, VPDPBUSDS, VPDPWSSD, VPDPWSSDS).
//
// In dpbusd the second operand is unsigned and the third signed. The sum of a lane's products is exact; adding it to
// the accumulator wraps, or saturates in the forms that end in s.
#pragma once

#define XP_DOT_BYTES(src, a, b, i)                                                      \
  int sum = 0;                                                                          \
  for (int k = 0; k < 4; ++k) sum += xp_u8(a.v[i], k) * xp_s8(b.v[i], k);
#define XP_DOT_WORDS(src, a, b, i)                                                      \
  long long sum = 0;                                                                    \
  for (int k = 0; k < 2; ++k) sum += (long long)xp_s16(a.v[i], k) * xp_s16(b.v[i], k);

#define XP_DOT(V, N, K, plain, mask, maskz, dot, value)                                 \
  XP_INTRINSIC inline V plain(V src, V a, V b) {                                        \
    V r;                                                                                \
    for (int i = 0; i < N; ++i) {                                                       \
      dot(src, a, b, i)                                                                 \
      r.v[i] = (value);                                                                 \
    }                                                                                   \
    return r;                                                                           \
  }                                                                                     \
  XP_INTRINSIC inline V mask(V src, K m, V a, V b) {                                    \
    V r;                                                                                \
    for (int i = 0; i < N; ++i) {                                                       \
      dot(src, a, b, i)                                                                 \
      r.v[i] = ((m >> i) & 1) ? (value) : src.v[i];                                     \
    }                                                                                   \
    return r;                                                                           \
  }                                                                                     \
  XP_INTRINSIC inline V maskz(K m, V src, V a, V b) {                                   \
    V r;                                                                                \
    for (int i = 0; i < N; ++i) {                                                       \
      dot(src, a, b, i)                                                                 \
      r.v[i] = ((m >> i) & 1) ? (value) : 0;                                            \
    }                                                                                   \
    return r;                                                                           \
  }
#define XP_DOTS(P, V, N, K)                                                                                          \
  XP_DOT(V, N, K, P##_dpbusd_epi32, P##_mask_dpbusd_epi32, P##_maskz_dpbusd_epi32, XP_DOT_BYTES, src.v[i] + sum)     \
  XP_DOT(V, N, K, P##_dpbusds_epi32, P##_mask_dpbusds_epi32, P##_maskz_dpbusds_epi32, XP_DOT_BYTES,                  \
         xp_sat32((long long)src.v[i] + sum))                                                                        \
  XP_DOT(V, N, K, P##_dpwssd_epi32, P##_mask_dpwssd_epi32, P##_maskz_dpwssd_epi32, XP_DOT_WORDS,                     \
         (int)(src.v[i] + sum))                                                                                      \
  XP_DOT(V, N, K, P##_dpwssds_epi32, P##_mask_dpwssds_epi32, P##_maskz_dpwssds_epi32, XP_DOT_WORDS,                  \
         xp_sat32(src.v[i] + sum))
XP_DOTS(_mm512, __m512i, 16, __mmask16)
XP_DOTS(_mm256, __m256i, 8, __mmask8)
XP_DOTS(_mm, __m128i, 4, __mmask8)

// AVX-VNNI, the same by other encodings.
#define XP_DOT_AVX(P, V, op) \
  inline V P##_##op##_avx_epi32(V src, V a, V b) { return P##_##op##_epi32(src, a, b); }
XP_DOT_AVX(_mm256, __m256i, dpbusd)
XP_DOT_AVX(_mm256, __m256i, dpbusds)
XP_DOT_AVX(_mm256, __m256i, dpwssd)
XP_DOT_AVX(_mm256, __m256i, dpwssds)
XP_DOT_AVX(_mm, __m128i, dpbusd)
XP_DOT_AVX(_mm, __m128i, dpbusds)
XP_DOT_AVX(_mm, __m128i, dpwssd)
XP_DOT_AVX(_mm, __m128i, dpwssds)
