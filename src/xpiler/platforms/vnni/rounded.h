// Forms that name their rounding, of 512 bits (SDM vol. 2, 2.7.6, "Embedded Rounding"). Unmarked: read, never written.
//
// Rounding to an integer is by the immediate. Arithmetic is rounded to nearest, as C does it: a text that names
// another direction is a finding.
#pragma once

#define XP_NEAREST(rounding, what) \
  XP_REQUIRE(((rounding) & 7) == 0 || ((rounding) & 7) == 4, what " rounded otherwise than to nearest even")
// Exceptions may be suppressed; there is nothing else to say.
#define XP_SAE(sae) XP_REQUIRE((sae) == 4 || (sae) == 8, "an operation without rounding that is told to round")

#define XP_ROUNDED1(To, From, K, e, op, check, value)                                                  \
  inline To _mm512_##op(From a, int rounding) {                                                        \
    check;                                                                                             \
    To r;                                                                                              \
    for (int i = 0; i < 16; ++i) r.v[i] = (value);                                                     \
    return r;                                                                                          \
  }                                                                                                    \
  XP_MASKED(_mm512, To, K, e, op, (From a, int rounding), (a, rounding))
#define XP_ROUNDED2(op, check, value)                                                                  \
  inline __m512 _mm512_##op(__m512 a, __m512 b, int rounding) {                                        \
    check;                                                                                             \
    __m512 r;                                                                                          \
    for (int i = 0; i < 16; ++i) r.v[i] = (value);                                                     \
    return r;                                                                                          \
  }                                                                                                    \
  XP_MASKED(_mm512, __m512, __mmask16, ps, op, (__m512 a, __m512 b, int rounding), (a, b, rounding))
#define XP_ROUNDED3(op, value)                                                                         \
  inline __m512 _mm512_##op(__m512 a, __m512 b, __m512 c, int rounding) {                              \
    XP_NEAREST(rounding, "sums of products");                                                          \
    __m512 r;                                                                                          \
    for (int i = 0; i < 16; ++i) r.v[i] = (value);                                                     \
    return r;                                                                                          \
  }                                                                                                    \
  inline __m512 _mm512_mask_##op(__m512 a, __mmask16 k, __m512 b, __m512 c, int rounding) {            \
    return _mm512_mask_mov_ps(a, k, _mm512_##op(a, b, c, rounding));                                   \
  }                                                                                                    \
  inline __m512 _mm512_mask3_##op(__m512 a, __m512 b, __m512 c, __mmask16 k, int rounding) {           \
    return _mm512_mask_mov_ps(c, k, _mm512_##op(a, b, c, rounding));                                   \
  }                                                                                                    \
  inline __m512 _mm512_maskz_##op(__mmask16 k, __m512 a, __m512 b, __m512 c, int rounding) {           \
    return _mm512_maskz_mov_ps(k, _mm512_##op(a, b, c, rounding));                                     \
  }
XP_ROUNDED1(__m512i, __m512, __mmask16, epi32, cvt_roundps_epi32, , xp_to_int(xp_round(a.v[i], rounding)))
XP_ROUNDED1(__m512i, __m512, __mmask16, epi32, cvt_roundps_epu32, , xp_to_unsigned(xp_round(a.v[i], rounding)))
XP_ROUNDED1(__m512i, __m512, __mmask16, epi32, cvtt_roundps_epi32, XP_SAE(rounding), xp_to_int(truncf(a.v[i])))
XP_ROUNDED1(__m512i, __m512, __mmask16, epi32, cvtt_roundps_epu32, XP_SAE(rounding), xp_to_unsigned(truncf(a.v[i])))
XP_ROUNDED1(__m512, __m512i, __mmask16, ps, cvt_roundepi32_ps, XP_NEAREST(rounding, "integers"), (float)a.v[i])
XP_ROUNDED1(__m512, __m512i, __mmask16, ps, cvt_roundepu32_ps, XP_NEAREST(rounding, "integers"),
            (float)(unsigned)a.v[i])
XP_ROUNDED1(__m512, __m512, __mmask16, ps, sqrt_round_ps, XP_NEAREST(rounding, "roots"), sqrtf(a.v[i]))
XP_ROUNDED2(add_round_ps, XP_NEAREST(rounding, "sums"), a.v[i] + b.v[i])
XP_ROUNDED2(sub_round_ps, XP_NEAREST(rounding, "differences"), a.v[i] - b.v[i])
XP_ROUNDED2(mul_round_ps, XP_NEAREST(rounding, "products"), a.v[i] * b.v[i])
XP_ROUNDED2(div_round_ps, XP_NEAREST(rounding, "quotients"), a.v[i] / b.v[i])
XP_ROUNDED2(max_round_ps, XP_SAE(rounding), xp_max(a.v[i], b.v[i]))
XP_ROUNDED2(min_round_ps, XP_SAE(rounding), xp_min(a.v[i], b.v[i]))
XP_ROUNDED3(fmadd_round_ps, fmaf(a.v[i], b.v[i], c.v[i]))
XP_ROUNDED3(fmsub_round_ps, fmaf(a.v[i], b.v[i], -c.v[i]))
XP_ROUNDED3(fnmadd_round_ps, fmaf(-a.v[i], b.v[i], c.v[i]))
XP_ROUNDED3(fnmsub_round_ps, fmaf(-a.v[i], b.v[i], -c.v[i]))
#undef XP_ROUNDED1
#undef XP_ROUNDED2
#undef XP_ROUNDED3

// Halves, as in convert.h; every half is a float, so that way there is nothing to round.
inline __m512 _mm512_cvt_roundph_ps(__m256i a, int sae) {
  XP_SAE(sae);
  return _mm512_cvtph_ps(a);
}
XP_MASKED(_mm512, __m512, __mmask16, ps, cvt_roundph_ps, (__m256i a, int sae), (a, sae))
XP_MASKED(_mm512, __m512, __mmask16, ps, cvtph_ps, (__m256i a), (a))
#define XP_MASKED_HALVES(op)                                                                           \
  inline __m256i _mm512_mask_##op(__m256i src, __mmask16 k, __m512 a, int rounding) {                  \
    return _mm256_mask_mov_epi16(src, k, _mm512_##op(a, rounding));                                    \
  }                                                                                                    \
  inline __m256i _mm512_maskz_##op(__mmask16 k, __m512 a, int rounding) {                              \
    return _mm256_maskz_mov_epi16(k, _mm512_##op(a, rounding));                                        \
  }
inline __m256i _mm512_cvt_roundps_ph(__m512 a, int rounding) { return _mm512_cvtps_ph(a, rounding); }
XP_MASKED_HALVES(cvt_roundps_ph)
XP_MASKED_HALVES(cvtps_ph)
#undef XP_MASKED_HALVES
#undef XP_NEAREST
#undef XP_SAE
