// Arithmetic on 32-bit lanes. Sums and products wrap.
#pragma once

XP_WIDTHS_EPI32(XP_LANES2, add_epi32, a.v[i] + b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, sub_epi32, a.v[i] - b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, mullo_epi32, a.v[i] * b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, max_epi32, a.v[i] > b.v[i] ? a.v[i] : b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, min_epi32, a.v[i] < b.v[i] ? a.v[i] : b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, max_epu32, (unsigned)a.v[i] > (unsigned)b.v[i] ? a.v[i] : b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, min_epu32, (unsigned)a.v[i] < (unsigned)b.v[i] ? a.v[i] : b.v[i])
XP_WIDTHS_EPI32(XP_LANES1, abs_epi32, a.v[i] < 0 ? -a.v[i] : a.v[i])
XP_WIDTHS_EPI32(XP_LANES2, and_epi32, a.v[i] & b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, or_epi32, a.v[i] | b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, xor_epi32, a.v[i] ^ b.v[i])
XP_WIDTHS_EPI32(XP_LANES2, andnot_epi32, ~a.v[i] & b.v[i])

#define XP_LOGIC(V, N, and_, or_, xor_, andnot_) \
  XP_LOGIC1(V, N, and_, a.v[i] & b.v[i])         \
  XP_LOGIC1(V, N, or_, a.v[i] | b.v[i])          \
  XP_LOGIC1(V, N, xor_, a.v[i] ^ b.v[i])         \
  XP_LOGIC1(V, N, andnot_, ~a.v[i] & b.v[i])
#define XP_LOGIC1(V, N, name, value)                  \
  XP_INTRINSIC inline V name(V a, V b) {              \
    V r;                                              \
    for (int i = 0; i < N; ++i) r.v[i] = (value);     \
    return r;                                         \
  }
XP_LOGIC(__m512i, 16, _mm512_and_si512, _mm512_or_si512, _mm512_xor_si512, _mm512_andnot_si512)
XP_LOGIC(__m256i, 8, _mm256_and_si256, _mm256_or_si256, _mm256_xor_si256, _mm256_andnot_si256)
XP_LOGIC(__m128i, 4, _mm_and_si128, _mm_or_si128, _mm_xor_si128, _mm_andnot_si128)

// Shifts by one count for all lanes; a count above 31 shifts everything out.
#define XP_SHIFT(P, V, N, K, op, value)                       \
  XP_INTRINSIC inline V P##_##op(V a, int count) {            \
    unsigned c = (unsigned)count > 31u ? 32u : (unsigned)count; \
    V r;                                                      \
    for (int i = 0; i < N; ++i) r.v[i] = (value);             \
    return r;                                                 \
  }
XP_WIDTHS_EPI32(XP_SHIFT, slli_epi32, c > 31u ? 0 : (int)((unsigned)a.v[i] << c))
XP_WIDTHS_EPI32(XP_SHIFT, srli_epi32, c > 31u ? 0 : (int)((unsigned)a.v[i] >> c))
XP_WIDTHS_EPI32(XP_SHIFT, srai_epi32, c > 31u ? a.v[i] >> 31 : a.v[i] >> c)
// Shifts by a count of each lane's own.
XP_WIDTHS_EPI32(XP_LANES2, sllv_epi32, (unsigned)b.v[i] > 31u ? 0 : (int)((unsigned)a.v[i] << b.v[i]))
XP_WIDTHS_EPI32(XP_LANES2, srlv_epi32, (unsigned)b.v[i] > 31u ? 0 : (int)((unsigned)a.v[i] >> b.v[i]))
XP_WIDTHS_EPI32(XP_LANES2, srav_epi32, (unsigned)b.v[i] > 31u ? a.v[i] >> 31 : a.v[i] >> b.v[i])
