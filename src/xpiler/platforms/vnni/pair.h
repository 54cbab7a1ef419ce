// Doubles rearranged and compared; single floats in the lowest lane; sums and comparisons of SSE and AVX.
#pragma once

#define XP_PAIRS(P, V, N)                                                                              \
  inline V P##_unpacklo_pd(V a, V b) {                                                                 \
    V r;                                                                                               \
    for (int i = 0; i < N; ++i) r.v[i] = i % 2 == 0 ? a.v[i] : b.v[i - 1];                             \
    return r;                                                                                          \
  }                                                                                                    \
  inline V P##_unpackhi_pd(V a, V b) {                                                                 \
    V r;                                                                                               \
    for (int i = 0; i < N; ++i) r.v[i] = i % 2 == 0 ? a.v[i + 1] : b.v[i];                             \
    return r;                                                                                          \
  }                                                                                                    \
  inline V P##_shuffle_pd(V a, V b, int imm) {                                                         \
    V r;                                                                                               \
    for (int i = 0; i < N; ++i) {                                                                      \
      int at = i / 2 * 2 + (imm >> i & 1);                                                             \
      r.v[i] = i % 2 == 0 ? a.v[at] : b.v[at];                                                         \
    }                                                                                                  \
    return r;                                                                                          \
  }
XP_PAIRS(_mm512, __m512d, 8)
XP_PAIRS(_mm256, __m256d, 4)
XP_PAIRS(_mm, __m128d, 2)
#undef XP_PAIRS
XP_WIDTHS_PD(XP_LANES3, fmsub_pd, fma(a.v[i], b.v[i], -c.v[i]))
XP_WIDTHS_PD(XP_LANES3, fnmadd_pd, fma(-a.v[i], b.v[i], c.v[i]))
XP_WIDTHS_PD(XP_LANES3, fnmsub_pd, fma(-a.v[i], b.v[i], -c.v[i]))

inline bool xp_compare_pd(double a, double b, int predicate) {
  int p = predicate & 15;
  bool unordered = a != a || b != b;
  bool plain = (p & 7) == 0 ? a == b
               : (p & 7) == 1 ? (p < 8 ? a < b : unordered || a < b)
               : (p & 7) == 2 ? (p < 8 ? a <= b : unordered || a <= b)
               : (p & 7) == 3 ? (p < 8 ? unordered : false)
               : (p & 7) == 4 ? a != b
               : (p & 7) == 5 ? (p < 8 ? unordered || a >= b : a >= b)
               : (p & 7) == 6 ? (p < 8 ? unordered || a > b : a > b)
                              : (p < 8 ? !unordered : true);
  return p == 8 ? plain || unordered : p == 12 ? plain && !unordered : plain;
}
inline __mmask8 _mm512_cmp_pd_mask(__m512d a, __m512d b, int predicate) {
  unsigned k = 0;
  for (int i = 0; i < 8; ++i) k |= (unsigned)xp_compare_pd(a.v[i], b.v[i], predicate) << i;
  return (__mmask8)k;
}
#define XP_SUMS(P, F, D, N)                                                                            \
  inline D P##_hadd_pd(D a, D b) {                                                                     \
    D r;                                                                                               \
    for (int i = 0; i < N / 2; ++i) r.v[i] = i % 2 == 0 ? a.v[i] + a.v[i + 1] : b.v[i - 1] + b.v[i];   \
    return r;                                                                                          \
  }                                                                                                    \
  inline F P##_addsub_ps(F a, F b) {                                                                   \
    F r;                                                                                               \
    for (int i = 0; i < N; ++i) r.v[i] = i % 2 == 0 ? a.v[i] - b.v[i] : a.v[i] + b.v[i];               \
    return r;                                                                                          \
  }                                                                                                    \
  /* The products that the high bits choose, summed in pairs, to the lanes that the low bits choose. */ \
  inline F P##_dp_ps(F a, F b, int imm) {                                                              \
    F r;                                                                                               \
    for (int g = 0; g < N; g += 4) {                                                                   \
      float t[4];                                                                                      \
      for (int i = 0; i < 4; ++i) t[i] = (imm >> (4 + i) & 1) ? a.v[g + i] * b.v[g + i] : 0.0f;        \
      float sum = (t[0] + t[1]) + (t[2] + t[3]);                                                       \
      for (int i = 0; i < 4; ++i) r.v[g + i] = (imm >> i & 1) ? sum : 0.0f;                            \
    }                                                                                                  \
    return r;                                                                                          \
  }
XP_SUMS(_mm256, __m256, __m256d, 8)
XP_SUMS(_mm, __m128, __m128d, 4)
#undef XP_SUMS
#define XP_ALTERNATE(P, F, N)                                                                          \
  inline F P##_fmaddsub_ps(F a, F b, F c) {                                                            \
    F r;                                                                                               \
    for (int i = 0; i < N; ++i) r.v[i] = fmaf(a.v[i], b.v[i], i % 2 == 0 ? -c.v[i] : c.v[i]);          \
    return r;                                                                                          \
  }                                                                                                    \
  inline F P##_fmsubadd_ps(F a, F b, F c) {                                                            \
    F r;                                                                                               \
    for (int i = 0; i < N; ++i) r.v[i] = fmaf(a.v[i], b.v[i], i % 2 == 0 ? c.v[i] : -c.v[i]);          \
    return r;                                                                                          \
  }
XP_ALTERNATE(_mm512, __m512, 16)
XP_ALTERNATE(_mm256, __m256, 8)
XP_ALTERNATE(_mm, __m128, 4)
#undef XP_ALTERNATE

inline __m256d _mm256_broadcast_sd(const double* p) { return _mm256_set1_pd(p[0]); }
inline double _mm256_cvtsd_f64(__m256d a) { return a.v[0]; }
inline __m128d _mm_add_sd(__m128d a, __m128d b) {
  a.v[0] = a.v[0] + b.v[0];
  return a;
}

// Halves put together, and copies of them.
inline __m256 _mm256_set_m128(__m128 high, __m128 low) {
  __m256 r;
  for (int i = 0; i < 8; ++i) r.v[i] = i < 4 ? low.v[i & 3] : high.v[i & 3];
  return r;
}
inline __m256 _mm256_setr_m128(__m128 low, __m128 high) { return _mm256_set_m128(high, low); }
inline __m256i _mm256_set_m128i(__m128i high, __m128i low) {
  __m256i r;
  for (int i = 0; i < 8; ++i) r.v[i] = i < 4 ? low.v[i & 3] : high.v[i & 3];
  return r;
}
inline __m512i _mm512_permutex2var_epi32(__m512i a, __m512i at, __m512i b) {
  __m512i r;
  for (int i = 0; i < 16; ++i) r.v[i] = (at.v[i] & 16) ? b.v[at.v[i] & 15] : a.v[at.v[i] & 15];
  return r;
}

// Lanes of all ones where a comparison of SSE holds; comparisons and conversions of the lowest lane.
#define XP_SSE_COMPARE(name, op)                                                                       \
  inline __m128 _mm_##name##_ps(__m128 a, __m128 b) {                                                  \
    __m128 r;                                                                                          \
    for (int i = 0; i < 4; ++i) r.v[i] = xp_float_of(a.v[i] op b.v[i] ? -1 : 0);                       \
    return r;                                                                                          \
  }
XP_SSE_COMPARE(cmpeq, ==)
XP_SSE_COMPARE(cmpneq, !=)
XP_SSE_COMPARE(cmplt, <)
XP_SSE_COMPARE(cmple, <=)
XP_SSE_COMPARE(cmpgt, >)
XP_SSE_COMPARE(cmpge, >=)
#undef XP_SSE_COMPARE
inline int _mm_comilt_ss(__m128 a, __m128 b) { return a.v[0] < b.v[0] ? 1 : 0; }
inline int _mm_comigt_ss(__m128 a, __m128 b) { return a.v[0] > b.v[0] ? 1 : 0; }
inline int _mm_cvtss_si32(__m128 a) { return xp_to_int(rintf(a.v[0])); }
inline int _mm_cvt_ss2si(__m128 a) { return _mm_cvtss_si32(a); }
inline int _mm_cvttss_si32(__m128 a) { return xp_to_int(truncf(a.v[0])); }
inline __m128 _mm_cvtsi32_ss(__m128 a, int b) {
  a.v[0] = (float)b;
  return a;
}
inline __m128 _mm_sqrt_ss(__m128 a) {
  a.v[0] = sqrtf(a.v[0]);
  return a;
}
inline __m128 _mm_fmadd_ss(__m128 a, __m128 b, __m128 c) {
  a.v[0] = fmaf(a.v[0], b.v[0], c.v[0]);
  return a;
}
inline __m128 _mm_set_ps1(float a) { return _mm_set1_ps(a); }
#define _mm_pause() ((void)0)
