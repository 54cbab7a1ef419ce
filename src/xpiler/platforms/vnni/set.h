// Constants and broadcasts.
#pragma once

#define XP_FILL(P, V, N, op, T, value)              \
  XP_INTRINSIC inline V P##_##op(T a) {             \
    V r;                                            \
    for (int i = 0; i < N; ++i) r.v[i] = (value);   \
    return r;                                       \
  }
#define XP_ZERO(P, V, N, op)                  \
  XP_INTRINSIC inline V P##_##op() {          \
    V r;                                      \
    for (int i = 0; i < N; ++i) r.v[i] = 0;   \
    return r;                                 \
  }
#define XP_FILLS(P, F, D, I, N)                                                        \
  XP_FILL(P, F, N, set1_ps, float, a)                                                  \
  XP_FILL(P, D, N / 2, set1_pd, double, a)                                             \
  XP_FILL(P, I, N, set1_epi32, int, a)                                                 \
  XP_FILL(P, I, N, set1_epi16, short, (int)(((unsigned)a & 65535u) * 0x00010001u))     \
  XP_FILL(P, I, N, set1_epi8, char, (int)(((unsigned)a & 255u) * 0x01010101u))         \
  XP_ZERO(P, F, N, setzero_ps)                                                         \
  XP_ZERO(P, D, N / 2, setzero_pd)
XP_FILLS(_mm512, __m512, __m512d, __m512i, 16)
XP_FILLS(_mm256, __m256, __m256d, __m256i, 8)
XP_FILLS(_mm, __m128, __m128d, __m128i, 4)
XP_ZERO(_mm512, __m512i, 16, setzero_si512)
XP_ZERO(_mm512, __m512i, 16, setzero_epi32)
XP_ZERO(_mm512, __m512, 16, setzero)
XP_ZERO(_mm256, __m256i, 8, setzero_si256)
XP_ZERO(_mm, __m128i, 4, setzero_si128)
// Contents are undefined; zero is one of the values they may have.
XP_ZERO(_mm512, __m512, 16, undefined_ps)
XP_ZERO(_mm512, __m512i, 16, undefined_epi32)
XP_ZERO(_mm256, __m256, 8, undefined_ps)
XP_ZERO(_mm256, __m256i, 8, undefined_si256)

#define XP_FILL64(P, V, N, op)                                                          \
  XP_INTRINSIC inline V P##_##op(long long a) {                                         \
    V r;                                                                                \
    for (int i = 0; i < N; ++i) r.v[i] = (int)((unsigned long long)a >> (32 * (i % 2))); \
    return r;                                                                           \
  }
XP_FILL64(_mm512, __m512i, 16, set1_epi64)
XP_FILL64(_mm256, __m256i, 8, set1_epi64x)
XP_FILL64(_mm, __m128i, 4, set1_epi64x)

#define XP_MASKED_FILL(P, V, N, K, op, T)                                                \
  XP_INTRINSIC inline V P##_mask_##op(V src, K k, T a) {                                 \
    V r;                                                                                 \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? a : src.v[i];                  \
    return r;                                                                            \
  }                                                                                      \
  XP_INTRINSIC inline V P##_maskz_##op(K k, T a) {                                       \
    V r;                                                                                 \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? a : 0;                         \
    return r;                                                                            \
  }
XP_WIDTHS_EPI32(XP_MASKED_FILL, set1_epi32, int)

// setr lists element 0 first, set lists it last.
#define XP_LIST4(V, T, suffix, P)                                                                          \
  inline V P##_setr_##suffix(T a, T b, T c, T d) { V r = {{a, b, c, d}}; return r; }                       \
  inline V P##_set_##suffix(T d, T c, T b, T a) { V r = {{a, b, c, d}}; return r; }
#define XP_LIST8(V, T, suffix, P)                                                                          \
  inline V P##_setr_##suffix(T a, T b, T c, T d, T e, T f, T g, T h) {                                     \
    V r = {{a, b, c, d, e, f, g, h}};                                                                      \
    return r;                                                                                              \
  }                                                                                                        \
  inline V P##_set_##suffix(T h, T g, T f, T e, T d, T c, T b, T a) {                                      \
    V r = {{a, b, c, d, e, f, g, h}};                                                                      \
    return r;                                                                                              \
  }
#define XP_LIST16(V, T, suffix, P)                                                                         \
  XP_INTRINSIC inline V P##_setr_##suffix(T a, T b, T c, T d, T e, T f, T g, T h, T i, T j, T k, T l, T m, T n, T o, T p) { \
    V r = {{a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p}};                                              \
    return r;                                                                                              \
  }                                                                                                        \
  inline V P##_set_##suffix(T p, T o, T n, T m, T l, T k, T j, T i, T h, T g, T f, T e, T d, T c, T b, T a) { \
    V r = {{a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p}};                                              \
    return r;                                                                                              \
  }
XP_LIST4(__m128, float, ps, _mm)
XP_LIST4(__m128i, int, epi32, _mm)
XP_LIST4(__m256d, double, pd, _mm256)
inline __m128d _mm_setr_pd(double a, double b) { __m128d r = {{a, b}}; return r; }
inline __m128d _mm_set_pd(double b, double a) { return _mm_setr_pd(a, b); }
XP_LIST8(__m256, float, ps, _mm256)
XP_LIST8(__m256i, int, epi32, _mm256)
XP_LIST8(__m512d, double, pd, _mm512)
XP_LIST16(__m512, float, ps, _mm512)
XP_LIST16(__m512i, int, epi32, _mm512)
