// Between floats, integers and halves; widening and narrowing.
#pragma once

#define XP_CONVERT(name, To, N, From, value)          \
  XP_INTRINSIC inline To name(From a) {               \
    To r;                                             \
    for (int i = 0; i < N; ++i) r.v[i] = (value);     \
    return r;                                         \
  }
// The full form, then the masked ones of AVX-512.
#define XP_CONVERT_MASKED(P, To, N, K, op, From, value)                            \
  XP_CONVERT(P##_##op, To, N, From, value)                                         \
  XP_INTRINSIC inline To P##_mask_##op(To src, K k, From a) {                      \
    To r;                                                                          \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : src.v[i];      \
    return r;                                                                      \
  }                                                                                \
  XP_INTRINSIC inline To P##_maskz_##op(K k, From a) {                             \
    To r;                                                                          \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : 0;             \
    return r;                                                                      \
  }
#define XP_CONVERTS(P, F, I, N, K)                                                        \
  XP_CONVERT_MASKED(P, F, N, K, cvtepi32_ps, I, (float)a.v[i])                            \
  XP_CONVERT_MASKED(P, F, N, K, cvtepu32_ps, I, (float)(unsigned)a.v[i])                  \
  XP_CONVERT_MASKED(P, I, N, K, cvtps_epi32, F, xp_to_int(rintf(a.v[i])))                 \
  XP_CONVERT_MASKED(P, I, N, K, cvttps_epi32, F, xp_to_int(truncf(a.v[i])))               \
  XP_CONVERT_MASKED(P, I, N, K, cvtps_epu32, F, xp_to_unsigned(rintf(a.v[i])))            \
  XP_CONVERT_MASKED(P, I, N, K, cvttps_epu32, F, xp_to_unsigned(truncf(a.v[i])))          \
  XP_CONVERT_MASKED(P, I, N, K, cvtepi8_epi32, __m128i, xp_s8(a.v[i / 4], i % 4))         \
  XP_CONVERT_MASKED(P, I, N, K, cvtepu8_epi32, __m128i, xp_u8(a.v[i / 4], i % 4))
XP_CONVERTS(_mm512, __m512, __m512i, 16, __mmask16)
XP_CONVERTS(_mm256, __m256, __m256i, 8, __mmask8)
XP_CONVERTS(_mm, __m128, __m128i, 4, __mmask8)
XP_CONVERT_MASKED(_mm512, __m512i, 16, __mmask16, cvtepi16_epi32, __m256i, xp_s16(a.v[i / 2], i % 2))
XP_CONVERT_MASKED(_mm512, __m512i, 16, __mmask16, cvtepu16_epi32, __m256i, xp_u16(a.v[i / 2], i % 2))
XP_CONVERT_MASKED(_mm256, __m256i, 8, __mmask8, cvtepi16_epi32, __m128i, xp_s16(a.v[i / 2], i % 2))
XP_CONVERT_MASKED(_mm256, __m256i, 8, __mmask8, cvtepu16_epi32, __m128i, xp_u16(a.v[i / 2], i % 2))
XP_CONVERT(_mm_cvtepi16_epi32, __m128i, 4, __m128i, xp_s16(a.v[i / 2], i % 2))
XP_CONVERT(_mm_cvtepu16_epi32, __m128i, 4, __m128i, xp_u16(a.v[i / 2], i % 2))

// Bytes to words: lane i of the result holds bytes 2i and 2i + 1.
#define XP_BYTES_TO_WORDS(name, To, N, From, byte) \
  XP_CONVERT(name, To, N, From, xp_at16(byte(a.v[i / 2], i % 2 * 2), 0) | xp_at16(byte(a.v[i / 2], i % 2 * 2 + 1), 1))
XP_BYTES_TO_WORDS(_mm512_cvtepi8_epi16, __m512i, 16, __m256i, xp_s8)
XP_BYTES_TO_WORDS(_mm512_cvtepu8_epi16, __m512i, 16, __m256i, xp_u8)
XP_BYTES_TO_WORDS(_mm256_cvtepi8_epi16, __m256i, 8, __m128i, xp_s8)
XP_BYTES_TO_WORDS(_mm256_cvtepu8_epi16, __m256i, 8, __m128i, xp_u8)
XP_BYTES_TO_WORDS(_mm_cvtepi8_epi16, __m128i, 4, __m128i, xp_s8)
XP_BYTES_TO_WORDS(_mm_cvtepu8_epi16, __m128i, 4, __m128i, xp_u8)

// Lanes to bytes and to words: truncated, or saturated as signed or unsigned. The lanes that a mask leaves out keep what
// was there, or become 0; a store writes the others alone.
#define XP_TO_PARTS(op, V, N, parts, at, suffix, value)                                   \
  XP_INTRINSIC inline V _mm512_##op##_##suffix(__m512i a) {                               \
    V r;                                                                                  \
    for (int i = 0; i < N; ++i) {                                                         \
      int lane = 0;                                                                       \
      for (int j = 0; j < parts; ++j) {                                                   \
        int x = a.v[parts * i + j];                                                       \
        lane |= at((value), j);                                                           \
      }                                                                                   \
      r.v[i] = lane;                                                                      \
    }                                                                                     \
    return r;                                                                             \
  }                                                                                       \
  XP_INTRINSIC inline V _mm512_mask_##op##_##suffix(V src, __mmask16 k, __m512i a) {      \
    V r;                                                                                  \
    for (int i = 0; i < N; ++i) {                                                         \
      int lane = 0;                                                                       \
      for (int j = 0; j < parts; ++j) {                                                   \
        int x = a.v[parts * i + j];                                                       \
        lane |= at(((k >> (parts * i + j)) & 1) ? (value) : src.v[i] >> (32 / parts * j), j); \
      }                                                                                   \
      r.v[i] = lane;                                                                      \
    }                                                                                     \
    return r;                                                                             \
  }                                                                                       \
  XP_INTRINSIC inline V _mm512_maskz_##op##_##suffix(__mmask16 k, __m512i a) {            \
    V r;                                                                                  \
    for (int i = 0; i < N; ++i) {                                                         \
      int lane = 0;                                                                       \
      for (int j = 0; j < parts; ++j) {                                                   \
        int x = a.v[parts * i + j];                                                       \
        if ((k >> (parts * i + j)) & 1) lane |= at((value), j);                           \
      }                                                                                   \
      r.v[i] = lane;                                                                      \
    }                                                                                     \
    return r;                                                                             \
  }
#define XP_TO_PARTS_STORED(op, T, suffix, value)                                          \
  XP_INTRINSIC inline void _mm512_mask_##op##_storeu_##suffix(T* p, __mmask16 k, __m512i a) { \
    for (int i = 0; i < 16; ++i) {                                                        \
      int x = a.v[i];                                                                     \
      if ((k >> i) & 1) p[i] = (T)(value);                                                \
    }                                                                                     \
  }
#define XP_TO_BYTES(op, value)                                                            \
  XP_TO_PARTS(op, __m128i, 4, 4, xp_at8, epi8, value)                                     \
  XP_TO_PARTS_STORED(op, signed char, epi8, value)                                        \
  XP_TO_PARTS_STORED(op, unsigned char, epi8, value)                                      \
  inline void _mm512_mask_##op##_storeu_epi8(void* p, __mmask16 k, __m512i a) {           \
    _mm512_mask_##op##_storeu_epi8((signed char*)p, k, a);                                \
  }
#define XP_TO_WORDS(op, value)                                                            \
  XP_TO_PARTS(op, __m256i, 8, 2, xp_at16, epi16, value)                                   \
  XP_TO_PARTS_STORED(op, short, epi16, value)                                             \
  XP_TO_PARTS_STORED(op, unsigned short, epi16, value)                                    \
  inline void _mm512_mask_##op##_storeu_epi16(void* p, __mmask16 k, __m512i a) {          \
    _mm512_mask_##op##_storeu_epi16((short*)p, k, a);                                     \
  }
XP_TO_BYTES(cvtepi32, x)
XP_TO_BYTES(cvtsepi32, xp_clamp(x, -128, 127))
XP_TO_BYTES(cvtusepi32, (unsigned)x > 255u ? 255 : x)
XP_TO_WORDS(cvtepi32, x)
XP_TO_WORDS(cvtsepi32, xp_clamp(x, -32768, 32767))
XP_TO_WORDS(cvtusepi32, (unsigned)x > 65535u ? 65535 : x)

// Halves travel in an integer vector, two to a lane; one by itself in a word.
XP_INTRINSIC inline float _cvtsh_ss(unsigned short a) { return (float)xp_half_of(a); }
XP_INTRINSIC inline unsigned short _cvtss_sh(float a, int rounding) {
  XP_REQUIRE((rounding & 7) == 0 || (rounding & 7) == 4, "halves rounded otherwise than to nearest even");
  return xp_half_bits((_Float16)a);
}
#define XP_FROM_HALF(name, To, N, From) \
  XP_CONVERT(name, To, N, From, (float)xp_half_of((unsigned short)xp_u16(a.v[i / 2], i % 2)))
XP_FROM_HALF(_mm512_cvtph_ps, __m512, 16, __m256i)
XP_FROM_HALF(_mm256_cvtph_ps, __m256, 8, __m128i)
XP_FROM_HALF(_mm_cvtph_ps, __m128, 4, __m128i)
#define XP_TO_HALF(name, To, lanes, From, N)                                                     \
  XP_INTRINSIC inline To name(From a, int rounding) {                                            \
    XP_REQUIRE((rounding & 7) == 0 || (rounding & 7) == 4, "halves rounded otherwise than to nearest even"); \
    To r;                                                                                        \
    for (int i = 0; i < lanes; ++i) {                                                            \
      int lane = 0;                                                                              \
      for (int k = 0; k < 2; ++k) {                                                              \
        if (2 * i + k < N) lane |= xp_at16(xp_half_bits((_Float16)a.v[(2 * i + k) % N]), k);     \
      }                                                                                          \
      r.v[i] = lane;                                                                             \
    }                                                                                            \
    return r;                                                                                    \
  }
XP_TO_HALF(_mm512_cvtps_ph, __m256i, 8, __m512, 16)
XP_TO_HALF(_mm256_cvtps_ph, __m128i, 4, __m256, 8)
XP_TO_HALF(_mm_cvtps_ph, __m128i, 4, __m128, 4)

// Doubles.
XP_CONVERT(_mm512_cvtps_pd, __m512d, 8, __m256, (double)a.v[i])
XP_CONVERT(_mm512_cvtpd_ps, __m256, 8, __m512d, (float)a.v[i])
XP_CONVERT(_mm512_cvtepi32_pd, __m512d, 8, __m256i, (double)a.v[i])
XP_CONVERT(_mm512_cvtepu32_pd, __m512d, 8, __m256i, (double)(unsigned)a.v[i])
XP_CONVERT(_mm256_cvtps_pd, __m256d, 4, __m128, (double)a.v[i])
XP_CONVERT(_mm256_cvtpd_ps, __m128, 4, __m256d, (float)a.v[i])
XP_CONVERT(_mm256_cvtepi32_pd, __m256d, 4, __m128i, (double)a.v[i])
XP_CONVERT(_mm256_cvtepu32_pd, __m256d, 4, __m128i, (double)(unsigned)a.v[i])
XP_CONVERT(_mm_cvtps_pd, __m128d, 2, __m128, (double)a.v[i])
XP_CONVERT(_mm_cvtpd_ps, __m128, 4, __m128d, i < 2 ? (float)a.v[i % 2] : 0)
XP_CONVERT(_mm_cvtepi32_pd, __m128d, 2, __m128i, (double)a.v[i])
XP_CONVERT(_mm_cvtepu32_pd, __m128d, 2, __m128i, (double)(unsigned)a.v[i])
XP_CONVERT(_mm512_cvtpd_epi32, __m256i, 8, __m512d, xp_double_to_int(rint(a.v[i])))
XP_CONVERT(_mm512_cvttpd_epi32, __m256i, 8, __m512d, xp_double_to_int(trunc(a.v[i])))
XP_CONVERT(_mm256_cvtpd_epi32, __m128i, 4, __m256d, xp_double_to_int(rint(a.v[i])))
XP_CONVERT(_mm256_cvttpd_epi32, __m128i, 4, __m256d, xp_double_to_int(trunc(a.v[i])))
XP_CONVERT(_mm_cvtpd_epi32, __m128i, 4, __m128d, i < 2 ? xp_double_to_int(rint(a.v[i % 2])) : 0)
XP_CONVERT(_mm_cvttpd_epi32, __m128i, 4, __m128d, i < 2 ? xp_double_to_int(trunc(a.v[i % 2])) : 0)

// The same bits as another type.
XP_CONVERT(_mm512_castps_si512, __m512i, 16, __m512, xp_int_bits(a.v[i]))
XP_CONVERT(_mm512_castsi512_ps, __m512, 16, __m512i, xp_float_of(a.v[i]))
XP_CONVERT(_mm256_castps_si256, __m256i, 8, __m256, xp_int_bits(a.v[i]))
XP_CONVERT(_mm256_castsi256_ps, __m256, 8, __m256i, xp_float_of(a.v[i]))
XP_CONVERT(_mm_castps_si128, __m128i, 4, __m128, xp_int_bits(a.v[i]))
XP_CONVERT(_mm_castsi128_ps, __m128, 4, __m128i, xp_float_of(a.v[i]))

// The first element as a scalar.
XP_INTRINSIC inline float _mm_cvtss_f32(__m128 a) { return a.v[0]; }
XP_INTRINSIC inline float _mm256_cvtss_f32(__m256 a) { return a.v[0]; }
XP_INTRINSIC inline float _mm512_cvtss_f32(__m512 a) { return a.v[0]; }
XP_INTRINSIC inline double _mm_cvtsd_f64(__m128d a) { return a.v[0]; }
XP_INTRINSIC inline double _mm512_cvtsd_f64(__m512d a) { return a.v[0]; }
XP_INTRINSIC inline int _mm_cvtsi128_si32(__m128i a) { return a.v[0]; }
XP_INTRINSIC inline int _mm256_cvtsi256_si32(__m256i a) { return a.v[0]; }
XP_INTRINSIC inline int _mm512_cvtsi512_si32(__m512i a) { return a.v[0]; }
XP_INTRINSIC inline __m128 _mm_set_ss(float a) {
  __m128 r;
  for (int i = 0; i < 4; ++i) r.v[i] = i == 0 ? a : 0;
  return r;
}
XP_INTRINSIC inline __m128i _mm_cvtsi32_si128(int a) {
  __m128i r;
  for (int i = 0; i < 4; ++i) r.v[i] = i == 0 ? a : 0;
  return r;
}
