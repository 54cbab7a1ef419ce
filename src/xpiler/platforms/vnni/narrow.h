// Masked forms of bytes and words, comparisons of words, of doubles and of what is left of integers, and floats as halves
// of doubles. Unmarked: they are read, and nothing is written with them.
#pragma once

#define XP_MASKED_TWO(P, V, K, e, op) XP_MASKED(P, V, K, e, op, (V a, V b), (a, b))
#define XP_MASKED_WORDS(P, V, K)            \
  XP_MASKED_TWO(P, V, K, epi16, add_epi16)  \
  XP_MASKED_TWO(P, V, K, epi16, sub_epi16)  \
  XP_MASKED_TWO(P, V, K, epi16, adds_epi16) \
  XP_MASKED_TWO(P, V, K, epi16, subs_epi16) \
  XP_MASKED_TWO(P, V, K, epi16, adds_epu16) \
  XP_MASKED_TWO(P, V, K, epi16, subs_epu16) \
  XP_MASKED_TWO(P, V, K, epi16, mullo_epi16) \
  XP_MASKED_TWO(P, V, K, epi16, mulhi_epi16) \
  XP_MASKED_TWO(P, V, K, epi16, mulhrs_epi16) \
  XP_MASKED_TWO(P, V, K, epi16, avg_epu16)  \
  XP_MASKED_TWO(P, V, K, epi16, max_epi16)  \
  XP_MASKED_TWO(P, V, K, epi16, min_epi16)  \
  XP_MASKED_TWO(P, V, K, epi16, max_epu16)  \
  XP_MASKED_TWO(P, V, K, epi16, min_epu16)  \
  XP_MASKED_TWO(P, V, K, epi16, packs_epi32) \
  XP_MASKED_TWO(P, V, K, epi16, packus_epi32) \
  XP_MASKED(P, V, K, epi16, abs_epi16, (V a), (a))
XP_MASKED_WORDS(_mm512, __m512i, __mmask32)
XP_MASKED_WORDS(_mm256, __m256i, __mmask16)
XP_MASKED_WORDS(_mm, __m128i, __mmask8)
#undef XP_MASKED_WORDS

#define XP_MASKED_BYTES(P, V, K)            \
  XP_MASKED_TWO(P, V, K, epi8, adds_epi8)   \
  XP_MASKED_TWO(P, V, K, epi8, subs_epi8)   \
  XP_MASKED_TWO(P, V, K, epi8, adds_epu8)   \
  XP_MASKED_TWO(P, V, K, epi8, subs_epu8)   \
  XP_MASKED_TWO(P, V, K, epi8, avg_epu8)    \
  XP_MASKED_TWO(P, V, K, epi8, max_epi8)    \
  XP_MASKED_TWO(P, V, K, epi8, min_epi8)    \
  XP_MASKED_TWO(P, V, K, epi8, max_epu8)    \
  XP_MASKED_TWO(P, V, K, epi8, min_epu8)    \
  XP_MASKED_TWO(P, V, K, epi8, packs_epi16) \
  XP_MASKED_TWO(P, V, K, epi8, packus_epi16) \
  XP_MASKED(P, V, K, epi8, abs_epi8, (V a), (a))
XP_MASKED_BYTES(_mm512, __m512i, __mmask64)
XP_MASKED_BYTES(_mm256, __m256i, __mmask32)
XP_MASKED_BYTES(_mm, __m128i, __mmask16)
#undef XP_MASKED_BYTES
#undef XP_MASKED_TWO

// Elements of 512 bits, `parts` to a lane, compared into a mask.
#define XP_PARTS_MASK(K, op, parts, T, take, holds)                                                  \
  inline K _mm512_##op(__m512i a, __m512i b) {                                                       \
    K bits = 0;                                                                                      \
    for (int e = 0; e < 16 * parts; ++e) {                                                           \
      T x = (T)take(a.v[e / parts], e % parts);                                                      \
      T y = (T)take(b.v[e / parts], e % parts);                                                      \
      bits |= (K)((holds) ? 1 : 0) << e;                                                             \
    }                                                                                                \
    return bits;                                                                                     \
  }                                                                                                  \
  inline K _mm512_mask_##op(K m, __m512i a, __m512i b) { return (K)(m & _mm512_##op(a, b)); }
#define XP_WORDS_MASK(e, take)                                        \
  XP_PARTS_MASK(__mmask32, cmpeq_##e##_mask, 2, int, take, x == y)    \
  XP_PARTS_MASK(__mmask32, cmpneq_##e##_mask, 2, int, take, x != y)   \
  XP_PARTS_MASK(__mmask32, cmplt_##e##_mask, 2, int, take, x < y)     \
  XP_PARTS_MASK(__mmask32, cmple_##e##_mask, 2, int, take, x <= y)    \
  XP_PARTS_MASK(__mmask32, cmpgt_##e##_mask, 2, int, take, x > y)     \
  XP_PARTS_MASK(__mmask32, cmpge_##e##_mask, 2, int, take, x >= y)
XP_WORDS_MASK(epi16, xp_s16)
XP_WORDS_MASK(epu16, xp_u16)
#undef XP_WORDS_MASK
#define XP_WHOLE(lane, part) lane
XP_PARTS_MASK(__mmask16, cmpeq_epu32_mask, 1, unsigned, XP_WHOLE, x == y)
XP_PARTS_MASK(__mmask16, cmpneq_epu32_mask, 1, unsigned, XP_WHOLE, x != y)
XP_PARTS_MASK(__mmask16, cmple_epu32_mask, 1, unsigned, XP_WHOLE, x <= y)
XP_PARTS_MASK(__mmask16, cmpge_epu32_mask, 1, unsigned, XP_WHOLE, x >= y)
XP_PARTS_MASK(__mmask64, cmpeq_epu8_mask, 4, int, xp_u8, x == y)
XP_PARTS_MASK(__mmask64, cmpneq_epu8_mask, 4, int, xp_u8, x != y)
XP_PARTS_MASK(__mmask64, cmple_epu8_mask, 4, int, xp_u8, x <= y)
XP_PARTS_MASK(__mmask64, cmpge_epu8_mask, 4, int, xp_u8, x >= y)
#undef XP_WHOLE
#undef XP_PARTS_MASK
#define XP_MASKED_COMPARE(K, op) \
  inline K _mm512_mask_##op(K m, __m512i a, __m512i b) { return (K)(m & _mm512_##op(a, b)); }
XP_MASKED_COMPARE(__mmask64, cmpeq_epi8_mask)
XP_MASKED_COMPARE(__mmask64, cmpneq_epi8_mask)
XP_MASKED_COMPARE(__mmask64, cmplt_epi8_mask)
XP_MASKED_COMPARE(__mmask64, cmple_epi8_mask)
XP_MASKED_COMPARE(__mmask64, cmpgt_epi8_mask)
XP_MASKED_COMPARE(__mmask64, cmpge_epi8_mask)
XP_MASKED_COMPARE(__mmask64, cmplt_epu8_mask)
XP_MASKED_COMPARE(__mmask64, cmpgt_epu8_mask)
#undef XP_MASKED_COMPARE

// Comparisons of floats and doubles by name.
#define XP_NAMED_COMPARE(K, V, e, op, predicate)                                                      \
  inline K _mm512_##op##_##e##_mask(V a, V b) { return _mm512_cmp_##e##_mask(a, b, predicate); }
#define XP_NAMED_MASKED(K, V, e, op, predicate)                                                       \
  inline K _mm512_mask_##op##_##e##_mask(K m, V a, V b) { return (K)(m & _mm512_cmp_##e##_mask(a, b, predicate)); }
#define XP_NAMED_COMPARES(X, K, V, e)       \
  X(K, V, e, cmpeq, _CMP_EQ_OQ)             \
  X(K, V, e, cmplt, _CMP_LT_OS)             \
  X(K, V, e, cmple, _CMP_LE_OS)             \
  X(K, V, e, cmpneq, _CMP_NEQ_UQ)           \
  X(K, V, e, cmpnlt, _CMP_NLT_US)           \
  X(K, V, e, cmpnle, _CMP_NLE_US)           \
  X(K, V, e, cmpunord, _CMP_UNORD_Q)        \
  X(K, V, e, cmpord, _CMP_ORD_Q)
XP_NAMED_COMPARES(XP_NAMED_COMPARE, __mmask8, __m512d, pd)
XP_NAMED_COMPARES(XP_NAMED_MASKED, __mmask8, __m512d, pd)
XP_NAMED_COMPARES(XP_NAMED_MASKED, __mmask16, __m512, ps)
XP_NAMED_COMPARE(__mmask16, __m512, ps, cmpord, _CMP_ORD_Q)
#undef XP_NAMED_COMPARES
#undef XP_NAMED_MASKED
#undef XP_NAMED_COMPARE

// A double is two lanes, the low half first.
#define XP_DOUBLES(P, S, D, I, N, si)                                                                 \
  inline D P##_cast##si##_pd(I a) {                                                                   \
    D r;                                                                                              \
    for (int i = 0; i < N / 2; ++i) r.v[i] = xp_double_of(xp_s64(a.v[2 * i], a.v[2 * i + 1]));        \
    return r;                                                                                         \
  }                                                                                                   \
  inline I P##_castpd_##si(D a) {                                                                     \
    I r;                                                                                              \
    for (int i = 0; i < N; ++i) r.v[i] = i % 2 ? xp_high(xp_quad_bits(a.v[i / 2])) : xp_low(xp_quad_bits(a.v[i / 2])); \
    return r;                                                                                         \
  }                                                                                                   \
  inline D P##_castps_pd(S a) { return P##_cast##si##_pd(P##_castps_##si(a)); }                       \
  inline S P##_castpd_ps(D a) { return P##_cast##si##_ps(P##_castpd_##si(a)); }
XP_DOUBLES(_mm512, __m512, __m512d, __m512i, 16, si512)
XP_DOUBLES(_mm256, __m256, __m256d, __m256i, 8, si256)
XP_DOUBLES(_mm, __m128, __m128d, __m128i, 4, si128)
#undef XP_DOUBLES
