// Bytes and words rearranged within each 128 bits; comparisons of bytes into masks. Unmarked where nothing in a program
// has the shape to be matched.
#pragma once

// The byte of `x` that is number e of the 128 bits whose first lane is `base`.
#define XP_BYTE_OF(x, base, e) xp_u8((x).v[(base) + ((e) & 15) / 4], (e) & 3)
// A vector whose byte e of each 128 bits is `value`.
#define XP_PLACED(N, value)                                      \
  for (int i = 0; i < N; ++i) {                                  \
    int lane = 0;                                                \
    for (int k = 0; k < 4; ++k) {                                \
      int e = i % 4 * 4 + k;                                     \
      lane |= xp_at8((value), k);                                \
    }                                                            \
    r.v[i] = lane;                                               \
  }                                                              \
  return r;
#define XP_PLACE2(P, V, N, op, value) \
  inline V P##_##op(V a, V b) {       \
    V r;                              \
    XP_PLACED(N, value)               \
  }
#define XP_PLACE1_IMM(P, V, N, op, value) \
  inline V P##_##op(V a, int imm) {       \
    V r;                                  \
    XP_PLACED(N, value)                   \
  }
#define XP_PLACE2_IMM(P, V, N, op, value) \
  inline V P##_##op(V a, V b, int imm) {  \
    V r;                                  \
    XP_PLACED(N, value)                   \
  }
#define XP_AT(x, e) XP_BYTE_OF(x, i / 4 * 4, e)
#define XP_REARRANGED(P, V, N)                                                                                     \
  XP_PLACE2(P, V, N, unpacklo_epi8, e % 2 == 0 ? XP_AT(a, e / 2) : XP_AT(b, e / 2))                                \
  XP_PLACE2(P, V, N, unpackhi_epi8, e % 2 == 0 ? XP_AT(a, 8 + e / 2) : XP_AT(b, 8 + e / 2))                        \
  XP_PLACE2(P, V, N, unpacklo_epi16, e % 4 < 2 ? XP_AT(a, e / 4 * 2 + e % 2) : XP_AT(b, e / 4 * 2 + e % 2))        \
  XP_PLACE2(P, V, N, unpackhi_epi16, e % 4 < 2 ? XP_AT(a, 8 + e / 4 * 2 + e % 2) : XP_AT(b, 8 + e / 4 * 2 + e % 2)) \
  XP_PLACE1_IMM(P, V, N, bslli_epi128, e >= (imm & 255) ? XP_AT(a, e - imm) : 0)                                   \
  XP_PLACE1_IMM(P, V, N, bsrli_epi128, e + (imm & 255) < 16 ? XP_AT(a, e + imm) : 0)                               \
  XP_PLACE2_IMM(P, V, N, alignr_epi8, e + (imm & 255) < 16   ? XP_AT(b, e + imm)                                   \
                                      : e + (imm & 255) < 32 ? XP_AT(a, e + imm)                                   \
                                                             : 0)                                                  \
  XP_PLACE1_IMM(P, V, N, shufflelo_epi16, e < 8 ? XP_AT(a, (imm >> e / 2 * 2 & 3) * 2 + e % 2) : XP_AT(a, e))      \
  XP_PLACE1_IMM(P, V, N, shufflehi_epi16,                                                                          \
                e < 8 ? XP_AT(a, e) : XP_AT(a, 8 + (imm >> (e / 2 - 4) * 2 & 3) * 2 + e % 2))                      \
  XP_WORDS(P, V, N, mulhrs_epi16, xp_s16, ((x * y >> 14) + 1) >> 1)                                                \
  XP_WORDS(P, V, N, avg_epu16, xp_u16, (x + y + 1) >> 1)                                                           \
  XP_WORDS(P, V, N, subs_epu16, xp_u16, xp_clamp(x - y, 0, 65535))                                                 \
  XP_WORDS(P, V, N, max_epu16, xp_u16, x > y ? x : y)                                                              \
  XP_WORDS(P, V, N, min_epu16, xp_u16, x < y ? x : y)
XP_REARRANGED(_mm512, __m512i, 16)
XP_REARRANGED(_mm256, __m256i, 8)
#define _mm_bslli_epi128 _mm_bslli_si128
#define _mm_bsrli_epi128 _mm_bsrli_si128
XP_REARRANGED(_mm, __m128i, 4)
#undef _mm_bslli_epi128
#undef _mm_bsrli_epi128
inline __m128i _mm_slli_si128(__m128i a, int imm) { return _mm_bslli_si128(a, imm); }
inline __m128i _mm_srli_si128(__m128i a, int imm) { return _mm_bsrli_si128(a, imm); }
inline __m256i _mm256_slli_si256(__m256i a, int imm) { return _mm256_bslli_epi128(a, imm); }
inline __m256i _mm256_srli_si256(__m256i a, int imm) { return _mm256_bsrli_epi128(a, imm); }

// AVX2 and SSE: choices by the top bit of each byte, by an immediate, and the words' comparisons.
#define XP_CHOSEN(P, V, N)                                                                    \
  inline V P##_blendv_epi8(V a, V b, V m) {                                                   \
    V r;                                                                                      \
    XP_PLACED(N, XP_AT(m, e) >= 128 ? XP_AT(b, e) : XP_AT(a, e))                              \
  }                                                                                           \
  XP_PLACE2_IMM(P, V, N, blend_epi16, (imm >> e / 2) & 1 ? XP_AT(b, e) : XP_AT(a, e))         \
  XP_WORDS(P, V, N, cmpeq_epi16, xp_s16, x == y ? -1 : 0)                                     \
  XP_WORDS(P, V, N, cmpgt_epi16, xp_s16, x > y ? -1 : 0)                                      \
  inline V P##_hadd_epi16(V a, V b) {                                                         \
    V r;                                                                                      \
    for (int i = 0; i < N; ++i) {                                                             \
      int lane = 0;                                                                           \
      for (int k = 0; k < 2; ++k) {                                                           \
        int at = i / 4 * 4 + (i % 2 * 2 + k);                                                 \
        int pair = i % 4 < 2 ? a.v[at] : b.v[at];                                             \
        lane |= xp_at16(xp_s16(pair, 0) + xp_s16(pair, 1), k);                                \
      }                                                                                       \
      r.v[i] = lane;                                                                          \
    }                                                                                         \
    return r;                                                                                 \
  }                                                                                           \
  inline V P##_blend_epi32(V a, V b, int imm) {                                               \
    V r;                                                                                      \
    for (int i = 0; i < N; ++i) r.v[i] = (imm >> i) & 1 ? b.v[i] : a.v[i];                    \
    return r;                                                                                 \
  }                                                                                           \
  inline V P##_sign_epi32(V a, V b) {                                                         \
    V r;                                                                                      \
    for (int i = 0; i < N; ++i) r.v[i] = b.v[i] < 0 ? (int)(0u - (unsigned)a.v[i]) : b.v[i] == 0 ? 0 : a.v[i]; \
    return r;                                                                                 \
  }                                                                                           \
  inline int P##_movemask_epi8(V a) {                                                         \
    unsigned bits = 0;                                                                        \
    for (int e = 0; e < 4 * N; ++e) bits |= (unsigned)(xp_u8(a.v[e / 4], e % 4) >> 7) << e;   \
    return (int)bits;                                                                         \
  }
XP_CHOSEN(_mm256, __m256i, 8)
XP_CHOSEN(_mm, __m128i, 4)
inline int _mm256_testz_si256(__m256i a, __m256i b) {
  int any = 0;
  for (int i = 0; i < 8; ++i) any |= a.v[i] & b.v[i];
  return any == 0 ? 1 : 0;
}

// Single bytes, words and lanes.
inline int _mm_extract_epi8(__m128i a, int imm) { return xp_u8(a.v[(imm & 15) / 4], imm & 3); }
inline int _mm_extract_epi16(__m128i a, int imm) { return xp_u16(a.v[(imm & 7) / 2], imm & 1); }
inline __m128i _mm_insert_epi8(__m128i a, int value, int imm) {
  __m128i r;
  XP_PLACED(4, e == (imm & 15) ? value & 255 : XP_AT(a, e))
}
inline __m128i _mm_insert_epi16(__m128i a, int value, int imm) {
  __m128i r;
  XP_PLACED(4, e / 2 == (imm & 7) ? value >> 8 * (e % 2) & 255 : XP_AT(a, e))
}
inline __m128i _mm_insert_epi32(__m128i a, int value, int imm) {
  a.v[imm & 3] = value;
  return a;
}
inline __m256i _mm256_insert_epi32(__m256i a, int value, int imm) {
  a.v[imm & 7] = value;
  return a;
}

// Bytes of 512 bits under masks of 64 bits.
#define XP_BYTE_MASK(op, take, holds)                                                           \
  inline __mmask64 _mm512_##op(__m512i a, __m512i b) {                                          \
    __mmask64 bits = 0;                                                                         \
    for (int e = 0; e < 64; ++e) {                                                              \
      int x = take(a.v[e / 4], e % 4);                                                          \
      int y = take(b.v[e / 4], e % 4);                                                          \
      bits |= (__mmask64)((holds) ? 1 : 0) << e;                                                \
    }                                                                                           \
    return bits;                                                                                \
  }
XP_BYTE_MASK(cmpeq_epi8_mask, xp_s8, x == y)
XP_BYTE_MASK(cmpneq_epi8_mask, xp_s8, x != y)
XP_BYTE_MASK(cmplt_epi8_mask, xp_s8, x < y)
XP_BYTE_MASK(cmple_epi8_mask, xp_s8, x <= y)
XP_BYTE_MASK(cmpgt_epi8_mask, xp_s8, x > y)
XP_BYTE_MASK(cmpge_epi8_mask, xp_s8, x >= y)
XP_BYTE_MASK(cmplt_epu8_mask, xp_u8, x < y)
XP_BYTE_MASK(cmpgt_epu8_mask, xp_u8, x > y)
XP_BYTE_MASK(test_epi8_mask, xp_u8, (x & y) != 0)
inline __mmask64 _mm512_movepi8_mask(__m512i a) { return _mm512_test_epi8_mask(a, _mm512_set1_epi8((char)-128)); }
#define XP_BYTES_MASKED(op, value)                                                              \
  inline __m512i _mm512_mask_##op(__m512i src, __mmask64 m, __m512i a, __m512i b) {             \
    __m512i full = _mm512_##op(a, b);                                                           \
    __m512i r;                                                                                  \
    for (int i = 0; i < 16; ++i) {                                                              \
      int lane = 0;                                                                             \
      for (int k = 0; k < 4; ++k) {                                                             \
        lane |= xp_at8((int)(m >> (4 * i + k) & 1) ? xp_u8(full.v[i], k) : xp_u8(src.v[i], k), k); \
      }                                                                                         \
      r.v[i] = lane;                                                                            \
    }                                                                                           \
    return r;                                                                                   \
  }
XP_BYTES_MASKED(add_epi8, )
XP_BYTES_MASKED(sub_epi8, )
// Elements of all ones where a bit is set.
#define XP_MOVM(P, V, N, K8, K16, K32)                                                          \
  inline V P##_movm_epi8(K8 m) {                                                                \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) {                                                               \
      int lane = 0;                                                                             \
      for (int k = 0; k < 4; ++k) lane |= xp_at8((int)(m >> (4 * i + k) & 1) ? 255 : 0, k);     \
      r.v[i] = lane;                                                                            \
    }                                                                                           \
    return r;                                                                                   \
  }                                                                                             \
  inline V P##_movm_epi16(K16 m) {                                                              \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) {                                                               \
      int lane = 0;                                                                             \
      for (int k = 0; k < 2; ++k) lane |= xp_at16((int)(m >> (2 * i + k) & 1) ? 65535 : 0, k);  \
      r.v[i] = lane;                                                                            \
    }                                                                                           \
    return r;                                                                                   \
  }                                                                                             \
  inline V P##_movm_epi32(K32 m) {                                                              \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = (m >> i) & 1 ? -1 : 0;                                 \
    return r;                                                                                   \
  }                                                                                             \
  inline V P##_movm_epi64(__mmask8 m) {                                                         \
    V r;                                                                                        \
    for (int i = 0; i < N; ++i) r.v[i] = (m >> (i / 2)) & 1 ? -1 : 0;                           \
    return r;                                                                                   \
  }
XP_MOVM(_mm512, __m512i, 16, __mmask64, __mmask32, __mmask16)
XP_MOVM(_mm256, __m256i, 8, __mmask32, __mmask16, __mmask8)
XP_MOVM(_mm, __m128i, 4, __mmask16, __mmask8, __mmask8)
#undef XP_MOVM
inline __mmask16 _mm512_test_epi32_mask(__m512i a, __m512i b) {
  unsigned bits = 0;
  for (int i = 0; i < 16; ++i) bits |= ((a.v[i] & b.v[i]) != 0 ? 1u : 0u) << i;
  return (__mmask16)bits;
}
#undef XP_BYTE_MASK
#undef XP_BYTES_MASKED
#undef XP_CHOSEN
#undef XP_REARRANGED
#undef XP_PLACE2
#undef XP_PLACE1_IMM
#undef XP_PLACE2_IMM
