// bfloat16 in pairs, each the upper half of a float (AVX512-BF16): vectors of them are integer vectors.
#pragma once

typedef __m512i __m512bh;
typedef __m256i __m256bh;
typedef __m128i __m128bh;

inline float xp_bf16(int lane, int k) { return xp_float_of((int)((unsigned)(lane >> (16 * k)) << 16)); }
// To nearest, ties to even; a NaN stays one; subnormals become zero (SDM, VCVTNEPS2BF16).
inline int xp_to_bf16(float a) {
  unsigned bits = (unsigned)xp_int_bits(a);
  unsigned near = (bits + 32767u + (bits >> 16 & 1u)) >> 16;
  unsigned sign = bits >> 16 & 32768u;
  unsigned size = bits & 2147483647u;
  return (int)(size > 2139095040u ? (bits >> 16) | 64u : size < 8388608u ? sign : near);
}

// Each lane plus the two products of its pairs, the upper first (SDM, VDPBF16PS).
#define XP_BFLOAT(P, V, I, N, K)                                                                   \
  XP_INTRINSIC inline V P##_dpbf16_ps(V src, I a, I b) {                                           \
    V r;                                                                                           \
    for (int i = 0; i < N; ++i) {                                                                  \
      float sum = src.v[i];                                                                        \
      for (int k = 0; k < 2; ++k) sum = sum + xp_bf16(a.v[i], 1 - k) * xp_bf16(b.v[i], 1 - k);     \
      r.v[i] = sum;                                                                                \
    }                                                                                              \
    return r;                                                                                      \
  }                                                                                                \
  inline I P##_cvtne2ps_pbh(V a, V b) {                                                            \
    I r;                                                                                           \
    for (int i = 0; i < N; ++i) {                                                                  \
      int lane = 0;                                                                                \
      for (int k = 0; k < 2; ++k) {                                                                \
        int e = 2 * (i % (N / 2)) + k;                                                             \
        lane |= xp_at16(xp_to_bf16(i < N / 2 ? b.v[e] : a.v[e]), k);                               \
      }                                                                                            \
      r.v[i] = lane;                                                                               \
    }                                                                                              \
    return r;                                                                                      \
  }
XP_BFLOAT(_mm512, __m512, __m512i, 16, __mmask16)
XP_BFLOAT(_mm256, __m256, __m256i, 8, __mmask8)
XP_BFLOAT(_mm, __m128, __m128i, 4, __mmask8)
#undef XP_BFLOAT
#define XP_BFLOAT_HALF(P, V, I, N)                                                                 \
  inline I P##_cvtneps_pbh(V a) {                                                                  \
    I r;                                                                                           \
    for (int i = 0; i < N / 2; ++i) {                                                              \
      int lane = 0;                                                                                \
      for (int k = 0; k < 2; ++k) lane |= xp_at16(xp_to_bf16(a.v[2 * i + k]), k);                  \
      r.v[i] = lane;                                                                               \
    }                                                                                              \
    return r;                                                                                      \
  }                                                                                                \
  inline V P##_cvtpbh_ps(I a) {                                                                    \
    V r;                                                                                           \
    for (int i = 0; i < N; ++i) r.v[i] = xp_bf16(a.v[i / 2], i % 2);                               \
    return r;                                                                                      \
  }
XP_BFLOAT_HALF(_mm512, __m512, __m256i, 16)
XP_BFLOAT_HALF(_mm256, __m256, __m128i, 8)
#undef XP_BFLOAT_HALF
