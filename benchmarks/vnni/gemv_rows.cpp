// y = A x. Four rows at a time against one load of x; rows left over one by one.
// shapes: 112_128 112_224 125_128 32_512
#include <immintrin.h>

constexpr int M = 125;
constexpr int N = 128;

static_assert(N % 16 == 0, "whole vectors of columns");

extern "C" void gemv(const float* A, const float* x, float* y) {
  constexpr int quads = M / 4;
#pragma omp parallel for
  for (int i = 0; i < quads; ++i) {
    const float* a = A + 4 * i * N;
    __m512 s0 = _mm512_setzero_ps();
    __m512 s1 = _mm512_setzero_ps();
    __m512 s2 = _mm512_setzero_ps();
    __m512 s3 = _mm512_setzero_ps();
    for (int n = 0; n < N; n += 16) {
      const __m512 v = _mm512_loadu_ps(x + n);
      s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + n), v, s0);
      s1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + N + n), v, s1);
      s2 = _mm512_fmadd_ps(_mm512_loadu_ps(a + 2 * N + n), v, s2);
      s3 = _mm512_fmadd_ps(_mm512_loadu_ps(a + 3 * N + n), v, s3);
    }
    y[4 * i + 0] = _mm512_reduce_add_ps(s0);
    y[4 * i + 1] = _mm512_reduce_add_ps(s1);
    y[4 * i + 2] = _mm512_reduce_add_ps(s2);
    y[4 * i + 3] = _mm512_reduce_add_ps(s3);
  }
  for (int m = 4 * quads; m < M; ++m) {
    __m512 s = _mm512_setzero_ps();
    for (int n = 0; n < N; n += 16)
      s = _mm512_fmadd_ps(_mm512_loadu_ps(A + m * N + n), _mm512_loadu_ps(x + n), s);
    y[m] = _mm512_reduce_add_ps(s);
  }
}
