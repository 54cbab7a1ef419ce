// Arithmetic on the bytes and words in each 32-bit lane.
#pragma once

// Every byte (or word) of the result from the bytes x of a and y of b at the same place.
#define XP_BYTES(P, V, N, op, take, value)                                   \
  XP_INTRINSIC inline V P##_##op(V a, V b) {                                 \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) {                                            \
      int lane = 0;                                                          \
      for (int k = 0; k < 4; ++k) {                                          \
        int x = take(a.v[i], k);                                             \
        int y = take(b.v[i], k);                                             \
        lane |= xp_at8((value), k);                                          \
      }                                                                      \
      r.v[i] = lane;                                                         \
    }                                                                        \
    return r;                                                                \
  }
#define XP_WORDS(P, V, N, op, take, value)                                   \
  XP_INTRINSIC inline V P##_##op(V a, V b) {                                 \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) {                                            \
      int lane = 0;                                                          \
      for (int k = 0; k < 2; ++k) {                                          \
        int x = take(a.v[i], k);                                             \
        int y = take(b.v[i], k);                                             \
        lane |= xp_at16((value), k);                                         \
      }                                                                      \
      r.v[i] = lane;                                                         \
    }                                                                        \
    return r;                                                                \
  }
#define XP_UNARY(P, V, N, op, many, take, at, value)                         \
  XP_INTRINSIC inline V P##_##op(V a) {                                      \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) {                                            \
      int lane = 0;                                                          \
      for (int k = 0; k < many; ++k) {                                       \
        int x = take(a.v[i], k);                                             \
        lane |= at((value), k);                                              \
      }                                                                      \
      r.v[i] = lane;                                                         \
    }                                                                        \
    return r;                                                                \
  }
#define XP_PACKED(P, V, N)                                                             \
  XP_BYTES(P, V, N, add_epi8, xp_s8, x + y)                                            \
  XP_BYTES(P, V, N, sub_epi8, xp_s8, x - y)                                            \
  XP_BYTES(P, V, N, adds_epi8, xp_s8, xp_clamp(x + y, -128, 127))                      \
  XP_BYTES(P, V, N, subs_epi8, xp_s8, xp_clamp(x - y, -128, 127))                      \
  XP_BYTES(P, V, N, adds_epu8, xp_u8, xp_clamp(x + y, 0, 255))                         \
  XP_BYTES(P, V, N, subs_epu8, xp_u8, xp_clamp(x - y, 0, 255))                         \
  XP_BYTES(P, V, N, max_epi8, xp_s8, x > y ? x : y)                                    \
  XP_BYTES(P, V, N, min_epi8, xp_s8, x < y ? x : y)                                    \
  XP_BYTES(P, V, N, max_epu8, xp_u8, x > y ? x : y)                                    \
  XP_BYTES(P, V, N, min_epu8, xp_u8, x < y ? x : y)                                    \
  XP_BYTES(P, V, N, avg_epu8, xp_u8, (x + y + 1) >> 1)                                 \
  XP_WORDS(P, V, N, add_epi16, xp_s16, x + y)                                          \
  XP_WORDS(P, V, N, sub_epi16, xp_s16, x - y)                                          \
  XP_WORDS(P, V, N, adds_epi16, xp_s16, xp_clamp(x + y, -32768, 32767))                \
  XP_WORDS(P, V, N, subs_epi16, xp_s16, xp_clamp(x - y, -32768, 32767))                \
  XP_WORDS(P, V, N, adds_epu16, xp_u16, xp_clamp(x + y, 0, 65535))                     \
  XP_WORDS(P, V, N, mullo_epi16, xp_s16, x * y)                                        \
  XP_WORDS(P, V, N, mulhi_epi16, xp_s16, (x * y) >> 16)                                \
  XP_WORDS(P, V, N, mulhi_epu16, xp_u16, (int)(((unsigned)x * (unsigned)y) >> 16))     \
  XP_WORDS(P, V, N, max_epi16, xp_s16, x > y ? x : y)                                  \
  XP_WORDS(P, V, N, min_epi16, xp_s16, x < y ? x : y)                                  \
  XP_UNARY(P, V, N, abs_epi8, 4, xp_s8, xp_at8, x < 0 ? -x : x)                        \
  XP_UNARY(P, V, N, abs_epi16, 2, xp_s16, xp_at16, x < 0 ? -x : x)                     \
  /* Products of words, added in pairs; the one overflow, four times -32768, wraps. */ \
  XP_INTRINSIC inline V P##_madd_epi16(V a, V b) {                                     \
    V r;                                                                               \
    for (int i = 0; i < N; ++i) {                                                      \
      int sum = 0;                                                                     \
      for (int k = 0; k < 2; ++k) sum += xp_s16(a.v[i], k) * xp_s16(b.v[i], k);        \
      r.v[i] = sum;                                                                    \
    }                                                                                  \
    return r;                                                                          \
  }                                                                                    \
  /* Unsigned bytes of a times signed bytes of b; each sum of two saturates to 16 bits. Unmarked: nothing in a \
     program has this shape to be matched. */                                          \
  inline V P##_maddubs_epi16(V a, V b) {                                               \
    V r;                                                                               \
    for (int i = 0; i < N; ++i) {                                                      \
      int lane = 0;                                                                    \
      for (int k = 0; k < 2; ++k) {                                                    \
        int sum = xp_u8(a.v[i], 2 * k) * xp_s8(b.v[i], 2 * k)                          \
                  + xp_u8(a.v[i], 2 * k + 1) * xp_s8(b.v[i], 2 * k + 1);               \
        lane |= xp_at16(xp_clamp(sum, -32768, 32767), k);                              \
      }                                                                                \
      r.v[i] = lane;                                                                   \
    }                                                                                  \
    return r;                                                                          \
  }                                                                                    \
  /* Sums of eight absolute differences, one in each 64 bits. */                       \
  XP_INTRINSIC inline V P##_sad_epu8(V a, V b) {                                       \
    V r;                                                                               \
    for (int i = 0; i < N; ++i) {                                                      \
      int sum = 0;                                                                     \
      for (int k = 0; k < 8; ++k) {                                                    \
        int d = xp_u8(a.v[i / 2 * 2 + k / 4], k % 4) - xp_u8(b.v[i / 2 * 2 + k / 4], k % 4); \
        sum += d < 0 ? -d : d;                                                         \
      }                                                                                \
      r.v[i] = i % 2 == 0 ? sum : 0;                                                   \
    }                                                                                  \
    return r;                                                                          \
  }                                                                                    \
  /* Within each 128 bits: two lanes of a, then two of b, narrowed with saturation. */ \
  XP_NARROW(P, V, N, packs_epi32, 2, 16, xp_clamp(x, -32768, 32767), xp_lane)          \
  XP_NARROW(P, V, N, packus_epi32, 2, 16, xp_clamp(x, 0, 65535), xp_lane)              \
  XP_NARROW(P, V, N, packs_epi16, 4, 8, xp_clamp(x, -128, 127), xp_word)               \
  XP_NARROW(P, V, N, packus_epi16, 4, 8, xp_clamp(x, 0, 255), xp_word)
#define xp_lane(vector, first, e) vector.v[(first) + (e)]
#define xp_word(vector, first, e) xp_s16(vector.v[(first) + (e) / 2], (e) % 2)
#define XP_NARROW(P, V, N, op, many, bits, value, take)                                \
  XP_INTRINSIC inline V P##_##op(V a, V b) {                                           \
    V r;                                                                               \
    for (int i = 0; i < N; ++i) {                                                      \
      int lane = 0;                                                                    \
      for (int k = 0; k < many; ++k) {                                                 \
        int e = (i % 2) * many + k;                                                    \
        int x = i % 4 < 2 ? take(a, i / 4 * 4, e) : take(b, i / 4 * 4, e);             \
        lane |= xp_at##bits((value), k);                                               \
      }                                                                                \
      r.v[i] = lane;                                                                   \
    }                                                                                  \
    return r;                                                                          \
  }
XP_PACKED(_mm512, __m512i, 16)
XP_PACKED(_mm256, __m256i, 8)
XP_PACKED(_mm, __m128i, 4)

// The sign of b on a: negated, zero or kept.
#define XP_SIGN(P, V, N)                                                        \
  XP_BYTES(P, V, N, sign_epi8, xp_s8, y < 0 ? -x : y == 0 ? 0 : x)              \
  XP_WORDS(P, V, N, sign_epi16, xp_s16, y < 0 ? -x : y == 0 ? 0 : x)            \
  XP_BYTES(P, V, N, cmpeq_epi8, xp_s8, x == y ? -1 : 0)                         \
  XP_BYTES(P, V, N, cmpgt_epi8, xp_s8, x > y ? -1 : 0)
XP_SIGN(_mm256, __m256i, 8)
XP_SIGN(_mm, __m128i, 4)

#define XP_WORD_SHIFT(P, V, N, op, take, value)                              \
  XP_INTRINSIC inline V P##_##op(V a, int count) {                           \
    unsigned c = (unsigned)count > 15u ? 16u : (unsigned)count;              \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) {                                            \
      int lane = 0;                                                          \
      for (int k = 0; k < 2; ++k) {                                          \
        int x = take(a.v[i], k);                                             \
        lane |= xp_at16((value), k);                                         \
      }                                                                      \
      r.v[i] = lane;                                                         \
    }                                                                        \
    return r;                                                                \
  }
#define XP_WORD_SHIFTS(P, V, N)                       \
  XP_WORD_SHIFT(P, V, N, slli_epi16, xp_u16, x << c)  \
  XP_WORD_SHIFT(P, V, N, srli_epi16, xp_u16, x >> c)  \
  XP_WORD_SHIFT(P, V, N, srai_epi16, xp_s16, x >> c)
XP_WORD_SHIFTS(_mm512, __m512i, 16)
XP_WORD_SHIFTS(_mm256, __m256i, 8)
XP_WORD_SHIFTS(_mm, __m128i, 4)
// Shifts by a count of each word's own.
#define XP_WORD_SHIFTS_OWN(P, V, N, K)                                       \
  XP_WORDS(P, V, N, sllv_epi16, xp_u16, y > 15 ? 0 : x << y)                 \
  XP_WORDS(P, V, N, srlv_epi16, xp_u16, y > 15 ? 0 : x >> y)                 \
  XP_WORDS(P, V, N, srav_epi16, xp_s16, y < 0 || y > 15 ? x >> 15 : x >> y)  \
  XP_MASKED(P, V, K, epi16, sllv_epi16, (V a, V b), (a, b))                  \
  XP_MASKED(P, V, K, epi16, srlv_epi16, (V a, V b), (a, b))                  \
  XP_MASKED(P, V, K, epi16, srav_epi16, (V a, V b), (a, b))
XP_WORD_SHIFTS_OWN(_mm512, __m512i, 16, __mmask32)
XP_WORD_SHIFTS_OWN(_mm256, __m256i, 8, __mmask16)
XP_WORD_SHIFTS_OWN(_mm, __m128i, 4, __mmask8)
#undef XP_WORD_SHIFTS_OWN
