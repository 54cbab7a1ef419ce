// Between integers of 64 bits and narrower ones. Unmarked: they are read, and nothing is written with them.
#pragma once

// Element e of the result is x of `a`, with its sign or with zeros above.
#define XP_TO_QUADS(P, V, N, From, op, x, high)                                                   \
  inline V P##_##op(From a) {                                                                     \
    V r;                                                                                          \
    for (int e = 0; e < N / 2; ++e) {                                                             \
      int low = (x);                                                                              \
      r.v[2 * e] = low;                                                                           \
      r.v[2 * e + 1] = (high);                                                                    \
    }                                                                                             \
    return r;                                                                                     \
  }                                                                                               \
  XP_MASKED(P, V, __mmask8, epi64, op, (From a), (a))
#define XP_TO_QUADS_OF(P, V, N, Half)                                                             \
  XP_TO_QUADS(P, V, N, __m128i, cvtepi8_epi64, xp_s8(a.v[e / 4], e % 4), low >> 31)               \
  XP_TO_QUADS(P, V, N, __m128i, cvtepu8_epi64, xp_u8(a.v[e / 4], e % 4), 0)                       \
  XP_TO_QUADS(P, V, N, __m128i, cvtepi16_epi64, xp_s16(a.v[e / 2], e % 2), low >> 31)             \
  XP_TO_QUADS(P, V, N, __m128i, cvtepu16_epi64, xp_u16(a.v[e / 2], e % 2), 0)                     \
  XP_TO_QUADS(P, V, N, Half, cvtepi32_epi64, a.v[e], low >> 31)                                   \
  XP_TO_QUADS(P, V, N, Half, cvtepu32_epi64, a.v[e], 0)
XP_TO_QUADS_OF(_mm512, __m512i, 16, __m256i)
XP_TO_QUADS_OF(_mm256, __m256i, 8, __m128i)
XP_TO_QUADS_OF(_mm, __m128i, 4, __m128i)
#undef XP_TO_QUADS_OF
#undef XP_TO_QUADS

// To `parts` elements of a lane each: truncated, or saturated as signed or unsigned. What the narrower register has
// room for above them is zero, whatever a mask says.
#define XP_FROM_QUADS(P, From, n, To, lanes, parts, at, part, name, stored, T, U, value)          \
  inline To P##_##name(From a) {                                                                  \
    To r;                                                                                         \
    for (int i = 0; i < lanes; ++i) {                                                             \
      int lane = 0;                                                                               \
      for (int j = 0; j < parts; ++j) {                                                           \
        int e = parts * i + j;                                                                    \
        long long x = xp_s64(a.v[2 * (e % n)], a.v[2 * (e % n) + 1]);                             \
        if (e < n) lane |= at((int)(value), j);                                                   \
      }                                                                                           \
      r.v[i] = lane;                                                                              \
    }                                                                                             \
    return r;                                                                                     \
  }                                                                                               \
  inline To P##_mask_##name(To src, __mmask8 k, From a) {                                         \
    To r;                                                                                         \
    for (int i = 0; i < lanes; ++i) {                                                             \
      int lane = 0;                                                                               \
      for (int j = 0; j < parts; ++j) {                                                           \
        int e = parts * i + j;                                                                    \
        long long x = xp_s64(a.v[2 * (e % n)], a.v[2 * (e % n) + 1]);                             \
        if (e < n) lane |= at(((k >> e) & 1) ? (int)(value) : part(src.v[i], j), j);              \
      }                                                                                           \
      r.v[i] = lane;                                                                              \
    }                                                                                             \
    return r;                                                                                     \
  }                                                                                               \
  inline To P##_maskz_##name(__mmask8 k, From a) {                                                \
    To zero;                                                                                      \
    for (int i = 0; i < lanes; ++i) zero.v[i] = 0;                                                \
    return P##_mask_##name(zero, k, a);                                                           \
  }                                                                                               \
  XP_STORED_QUADS(P, From, n, stored, T, value)                                                   \
  XP_STORED_QUADS(P, From, n, stored, U, value)                                                   \
  inline void P##_mask_##stored(void* p, __mmask8 k, From a) { P##_mask_##stored((T*)p, k, a); }
#define XP_STORED_QUADS(P, From, n, stored, T, value)                                             \
  inline void P##_mask_##stored(T* p, __mmask8 k, From a) {                                       \
    for (int e = 0; e < n; ++e) {                                                                 \
      long long x = xp_s64(a.v[2 * e], a.v[2 * e + 1]);                                           \
      if ((k >> e) & 1) p[e] = (T)(value);                                                        \
    }                                                                                             \
  }
#define xp_at32(value, k) (value)
#define xp_s32(lane, k) (lane)
#define XP_FROM_QUADS_TO(P, From, n, To, lanes, parts, at, part, bits, T, U, low, high, top)      \
  XP_FROM_QUADS(P, From, n, To, lanes, parts, at, part, cvtepi64_epi##bits, cvtepi64_storeu_epi##bits, T, U, x) \
  XP_FROM_QUADS(P, From, n, To, lanes, parts, at, part, cvtsepi64_epi##bits, cvtsepi64_storeu_epi##bits, T, U, \
                x < low ? low : x > high ? high : x)                                              \
  XP_FROM_QUADS(P, From, n, To, lanes, parts, at, part, cvtusepi64_epi##bits, cvtusepi64_storeu_epi##bits, T, U, \
                (unsigned long long)x > top ? (long long)top : x)
#define XP_FROM_QUADS_OF(P, From, n, To, lanes)                                                   \
  XP_FROM_QUADS_TO(P, From, n, To, lanes, 1, xp_at32, xp_s32, 32, int, unsigned, -2147483648LL, 2147483647LL, \
                   4294967295ull)                                                                 \
  XP_FROM_QUADS_TO(P, From, n, __m128i, 4, 2, xp_at16, xp_s16, 16, short, unsigned short, -32768LL, 32767LL, 65535ull) \
  XP_FROM_QUADS_TO(P, From, n, __m128i, 4, 4, xp_at8, xp_s8, 8, signed char, unsigned char, -128LL, 127LL, 255ull)
XP_FROM_QUADS_OF(_mm512, __m512i, 8, __m256i, 8)
XP_FROM_QUADS_OF(_mm256, __m256i, 4, __m128i, 4)
XP_FROM_QUADS_OF(_mm, __m128i, 2, __m128i, 4)
#undef XP_FROM_QUADS_OF
#undef XP_FROM_QUADS_TO
#undef XP_STORED_QUADS
#undef XP_FROM_QUADS
#undef xp_at32
#undef xp_s32
