// Integers of 64 bits, each held in two lanes, the low half first; bits of lanes.
#pragma once

inline long long xp_s64(int low, int high) {
  return (long long)((unsigned long long)(unsigned)high << 32 | (unsigned)low);
}
inline int xp_low(long long a) { return (int)(unsigned)(unsigned long long)a; }
inline int xp_high(long long a) { return (int)(unsigned)((unsigned long long)a >> 32); }

// Every 64-bit element from x of a and y of b at the same place.
#define XP_QUADS(P, V, N, op, value)                                       \
  inline V P##_##op(V a, V b) {                                            \
    V r;                                                                   \
    for (int i = 0; i < N / 2; ++i) {                                      \
      unsigned long long x = (unsigned long long)xp_s64(a.v[2 * i], a.v[2 * i + 1]); \
      unsigned long long y = (unsigned long long)xp_s64(b.v[2 * i], b.v[2 * i + 1]); \
      long long q = (long long)(value);                                    \
      r.v[2 * i] = xp_low(q);                                              \
      r.v[2 * i + 1] = xp_high(q);                                         \
    }                                                                      \
    return r;                                                              \
  }                                                                        \
  XP_MASKED(P, V, __mmask8, epi64, op, (V a, V b), (a, b))
#define XP_QUADS_BY(P, V, N, op, value)                                    \
  inline V P##_##op(V a, int count) {                                      \
    unsigned c = (unsigned)count;                                          \
    V r;                                                                   \
    for (int i = 0; i < N / 2; ++i) {                                      \
      unsigned long long x = (unsigned long long)xp_s64(a.v[2 * i], a.v[2 * i + 1]); \
      long long q = (long long)(value);                                    \
      r.v[2 * i] = xp_low(q);                                              \
      r.v[2 * i + 1] = xp_high(q);                                         \
    }                                                                      \
    return r;                                                              \
  }                                                                        \
  XP_MASKED(P, V, __mmask8, epi64, op, (V a, int count), (a, count))
#define XP_QUAD_WIDTH(P, V, N)                                                                             \
  XP_QUADS(P, V, N, add_epi64, x + y)                                                                      \
  XP_QUADS(P, V, N, sub_epi64, x - y)                                                                      \
  XP_QUADS(P, V, N, mullo_epi64, x * y)                                                                    \
  XP_QUADS(P, V, N, mul_epu32, (x & 4294967295ull) * (y & 4294967295ull))                                  \
  XP_QUADS(P, V, N, mul_epi32, (long long)(int)(unsigned)x * (long long)(int)(unsigned)y)                  \
  XP_QUADS(P, V, N, max_epi64, (long long)x > (long long)y ? x : y)                                        \
  XP_QUADS(P, V, N, min_epi64, (long long)x < (long long)y ? x : y)                                        \
  XP_QUADS(P, V, N, max_epu64, x > y ? x : y)                                                              \
  XP_QUADS(P, V, N, min_epu64, x < y ? x : y)                                                              \
  XP_QUADS(P, V, N, sllv_epi64, y > 63ull ? 0ull : x << (y & 63ull))                                       \
  XP_QUADS(P, V, N, srlv_epi64, y > 63ull ? 0ull : x >> (y & 63ull))                                       \
  XP_QUADS(P, V, N, srav_epi64, (long long)x >> (y > 63ull ? 63ull : y))                                   \
  XP_QUADS(P, V, N, rolv_epi64, x << (y & 63ull) | x >> (64ull - y & 63ull))                               \
  XP_QUADS(P, V, N, rorv_epi64, x >> (y & 63ull) | x << (64ull - y & 63ull))                               \
  XP_QUADS_BY(P, V, N, slli_epi64, c > 63u ? 0ull : x << (c & 63u))                                        \
  XP_QUADS_BY(P, V, N, srli_epi64, c > 63u ? 0ull : x >> (c & 63u))                                        \
  XP_QUADS_BY(P, V, N, srai_epi64, (long long)x >> (c > 63u ? 63u : c))                                    \
  XP_QUADS_BY(P, V, N, rol_epi64, x << (c & 63u) | x >> (64u - c & 63u))                                   \
  XP_QUADS_BY(P, V, N, ror_epi64, x >> (c & 63u) | x << (64u - c & 63u))                                   \
  inline V P##_abs_epi64(V a) {                                                                            \
    V r;                                                                                                   \
    for (int i = 0; i < N / 2; ++i) {                                                                      \
      unsigned long long x = (unsigned long long)xp_s64(a.v[2 * i], a.v[2 * i + 1]);                       \
      long long q = (long long)(a.v[2 * i + 1] < 0 ? 0ull - x : x);                                        \
      r.v[2 * i] = xp_low(q);                                                                              \
      r.v[2 * i + 1] = xp_high(q);                                                                         \
    }                                                                                                      \
    return r;                                                                                              \
  }                                                                                                        \
  XP_MASKED(P, V, __mmask8, epi64, abs_epi64, (V a), (a))                                                  \
  inline V P##_ternarylogic_epi32(V a, V b, V c, int imm) {                                                \
    V r;                                                                                                   \
    for (int i = 0; i < N; ++i) {                                                                          \
      unsigned lane = 0;                                                                                   \
      for (int k = 0; k < 32; ++k) {                                                                       \
        unsigned at = (unsigned)a.v[i] >> k << 2 & 4u;                                                     \
        at |= (unsigned)b.v[i] >> k << 1 & 2u;                                                             \
        at |= (unsigned)c.v[i] >> k & 1u;                                                                  \
        lane |= ((unsigned)imm >> at & 1u) << k;                                                           \
      }                                                                                                    \
      r.v[i] = (int)lane;                                                                                  \
    }                                                                                                      \
    return r;                                                                                              \
  }                                                                                                        \
  inline V P##_rolv_epi32(V a, V b) {                                                                      \
    V r;                                                                                                   \
    for (int i = 0; i < N; ++i) {                                                                          \
      unsigned c = (unsigned)b.v[i] & 31u;                                                                 \
      r.v[i] = (int)((unsigned)a.v[i] << c | (unsigned)a.v[i] >> (32u - c & 31u));                         \
    }                                                                                                      \
    return r;                                                                                              \
  }                                                                                                        \
  inline V P##_rol_epi32(V a, int imm) {                                                                   \
    unsigned c = (unsigned)imm & 31u;                                                                      \
    V r;                                                                                                   \
    for (int i = 0; i < N; ++i) r.v[i] = (int)((unsigned)a.v[i] << c | (unsigned)a.v[i] >> (32u - c & 31u)); \
    return r;                                                                                              \
  }
XP_QUAD_WIDTH(_mm512, __m512i, 16)
XP_QUAD_WIDTH(_mm256, __m256i, 8)
XP_QUAD_WIDTH(_mm, __m128i, 4)
#undef XP_QUAD_WIDTH
#undef XP_QUADS
#undef XP_QUADS_BY

// All of them into one, under a mask too; x is the next.
#define XP_QUAD_REDUCE(T, op, start, step)                                                \
  inline T _mm512_mask_reduce_##op(__mmask8 k, __m512i a) {                               \
    T r = (start);                                                                        \
    for (int i = 0; i < 8; ++i) {                                                         \
      T x = (T)xp_s64(a.v[2 * i], a.v[2 * i + 1]);                                        \
      r = ((k >> i) & 1) ? (step) : r;                                                    \
    }                                                                                     \
    return r;                                                                             \
  }                                                                                       \
  inline T _mm512_reduce_##op(__m512i a) { return _mm512_mask_reduce_##op(255, a); }
XP_QUAD_REDUCE(long long, add_epi64, 0, (long long)((unsigned long long)r + (unsigned long long)x))
XP_QUAD_REDUCE(long long, mul_epi64, 1, (long long)((unsigned long long)r * (unsigned long long)x))
XP_QUAD_REDUCE(long long, and_epi64, -1, r & x)
XP_QUAD_REDUCE(long long, or_epi64, 0, r | x)
XP_QUAD_REDUCE(long long, max_epi64, -9223372036854775807LL - 1, r > x ? r : x)
XP_QUAD_REDUCE(long long, min_epi64, 9223372036854775807LL, r < x ? r : x)
XP_QUAD_REDUCE(unsigned long long, max_epu64, 0ull, r > x ? r : x)
XP_QUAD_REDUCE(unsigned long long, min_epu64, ~0ull, r < x ? r : x)
#undef XP_QUAD_REDUCE

// Comparisons into masks; unsigned ones are those of signed numbers with the top bit turned.
#define XP_QUAD_COMPARE(P, V, N, op, turned, predicate)                                   \
  inline __mmask8 P##_##op##_mask(V a, V b) {                                             \
    unsigned k = 0;                                                                       \
    for (int i = 0; i < N / 2; ++i) {                                                     \
      long long x = xp_s64(a.v[2 * i], a.v[2 * i + 1] ^ (turned));                        \
      long long y = xp_s64(b.v[2 * i], b.v[2 * i + 1] ^ (turned));                        \
      k |= (unsigned)xp_compare_int(x, y, predicate) << i;                                \
    }                                                                                     \
    return (__mmask8)k;                                                                   \
  }                                                                                       \
  inline __mmask8 P##_mask_##op##_mask(__mmask8 m, V a, V b) { return (__mmask8)(P##_##op##_mask(a, b) & m); }
#define XP_QUAD_COMPARES(P, V, N, e, turned)                                              \
  XP_QUAD_COMPARE(P, V, N, cmpeq_##e, turned, 0)                                          \
  XP_QUAD_COMPARE(P, V, N, cmplt_##e, turned, 1)                                          \
  XP_QUAD_COMPARE(P, V, N, cmple_##e, turned, 2)                                          \
  XP_QUAD_COMPARE(P, V, N, cmpneq_##e, turned, 4)                                         \
  XP_QUAD_COMPARE(P, V, N, cmpge_##e, turned, 5)                                          \
  XP_QUAD_COMPARE(P, V, N, cmpgt_##e, turned, 6)
#define XP_QUAD_COMPARE_WIDTH(P, V, N)                                                    \
  XP_QUAD_COMPARES(P, V, N, epi64, 0)                                                     \
  XP_QUAD_COMPARES(P, V, N, epu64, -2147483647 - 1)
XP_QUAD_COMPARE_WIDTH(_mm512, __m512i, 16)
XP_QUAD_COMPARE_WIDTH(_mm256, __m256i, 8)
XP_QUAD_COMPARE_WIDTH(_mm, __m128i, 4)
#undef XP_QUAD_COMPARE_WIDTH
#undef XP_QUAD_COMPARES
#undef XP_QUAD_COMPARE

inline long long _mm_cvtsi128_si64(__m128i a) { return xp_s64(a.v[0], a.v[1]); }
inline __m128i _mm_cvtsi64_si128(long long a) {
  __m128i r = {xp_low(a), xp_high(a), 0, 0};
  return r;
}
inline __m128i _mm_set_epi64x(long long b, long long a) {
  __m128i r = {xp_low(a), xp_high(a), xp_low(b), xp_high(b)};
  return r;
}
inline __m256i _mm256_set_epi64x(long long d, long long c, long long b, long long a) {
  __m256i r = {xp_low(a), xp_high(a), xp_low(b), xp_high(b), xp_low(c), xp_high(c), xp_low(d), xp_high(d)};
  return r;
}
inline __m512i _mm512_set_epi64(
    long long h, long long g, long long f, long long e, long long d, long long c, long long b, long long a) {
  __m512i r = {xp_low(a), xp_high(a), xp_low(b), xp_high(b), xp_low(c), xp_high(c), xp_low(d), xp_high(d),
               xp_low(e), xp_high(e), xp_low(f), xp_high(f), xp_low(g), xp_high(g), xp_low(h), xp_high(h)};
  return r;
}
inline __m512i _mm512_setr_epi64(
    long long a, long long b, long long c, long long d, long long e, long long f, long long g, long long h) {
  return _mm512_set_epi64(h, g, f, e, d, c, b, a);
}
#define XP_MASKED_FILL64(P, V, fill)                                                      \
  inline V P##_mask_set1_epi64(V src, __mmask8 k, long long a) { return P##_mask_mov_epi64(src, k, P##_##fill(a)); } \
  inline V P##_maskz_set1_epi64(__mmask8 k, long long a) { return P##_maskz_mov_epi64(k, P##_##fill(a)); }
XP_MASKED_FILL64(_mm512, __m512i, set1_epi64)
XP_MASKED_FILL64(_mm256, __m256i, set1_epi64x)
XP_MASKED_FILL64(_mm, __m128i, set1_epi64x)
#undef XP_MASKED_FILL64
inline int _mm_popcnt_u32(unsigned a) {
  int count = 0;
  for (int k = 0; k < 32; ++k) count += (int)(a >> k & 1u);
  return count;
}
inline long long _mm_popcnt_u64(unsigned long long a) {
  long long count = 0;
  for (int k = 0; k < 64; ++k) count += (long long)(a >> k & 1ull);
  return count;
}
