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
  }
#define XP_QUADS_BY(P, V, N, op, value)                                    \
  inline V P##_##op(V a, int count) {                                      \
    unsigned c = (unsigned)count;                                          \
    V r;                                                                   \
    for (int i = 0; i < N / 2; ++i) {                                      \
      unsigned long long x = (unsigned long long)xp_s64(a.v[2 * i], a.v[2 * i + 1]); \
      long long q = (long long)(c > 63u ? 0ull : (value));                 \
      r.v[2 * i] = xp_low(q);                                              \
      r.v[2 * i + 1] = xp_high(q);                                         \
    }                                                                      \
    return r;                                                              \
  }
#define XP_QUAD_WIDTH(P, V, N)                                                                             \
  XP_QUADS(P, V, N, add_epi64, x + y)                                                                      \
  XP_QUADS(P, V, N, sub_epi64, x - y)                                                                      \
  XP_QUADS(P, V, N, mullo_epi64, x * y)                                                                    \
  XP_QUADS(P, V, N, mul_epu32, (x & 4294967295ull) * (y & 4294967295ull))                                  \
  XP_QUADS(P, V, N, mul_epi32, (long long)(int)(unsigned)x * (long long)(int)(unsigned)y)                  \
  XP_QUADS_BY(P, V, N, slli_epi64, x << (c & 63u))                                                         \
  XP_QUADS_BY(P, V, N, srli_epi64, x >> (c & 63u))                                                         \
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

inline long long _mm512_reduce_add_epi64(__m512i a) {
  unsigned long long sum = 0;
  for (int i = 0; i < 8; ++i) sum += (unsigned long long)xp_s64(a.v[2 * i], a.v[2 * i + 1]);
  return (long long)sum;
}
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
