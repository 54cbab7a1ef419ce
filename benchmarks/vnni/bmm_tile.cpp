// Batched C[b] = A[b] * B[b] in float: 4 x 32 register tiles, parallel over batch and row blocks.
// shapes: 1_128_128_128 4_128_128_128
#include <immintrin.h>

constexpr int B = 4;
constexpr int M = 128;
constexpr int K = 128;
constexpr int N = 128;

static_assert(M % 4 == 0 && N % 32 == 0, "full tiles");

extern "C" void bmm(const float* lhs, const float* rhs, float* out) {
#pragma omp parallel for collapse(2)
  for (int b = 0; b < B; ++b) {
    for (int m = 0; m < M; m += 4) {
      const float* a = lhs + (b * M + m) * K;
      for (int n = 0; n < N; n += 32) {
        const float* w = rhs + b * K * N + n;
        float* c = out + (b * M + m) * N + n;

        __m512 c00 = _mm512_setzero_ps(), c01 = _mm512_setzero_ps();
        __m512 c10 = _mm512_setzero_ps(), c11 = _mm512_setzero_ps();
        __m512 c20 = _mm512_setzero_ps(), c21 = _mm512_setzero_ps();
        __m512 c30 = _mm512_setzero_ps(), c31 = _mm512_setzero_ps();
        for (int k = 0; k < K; ++k) {
          const __m512 w0 = _mm512_loadu_ps(w + k * N);
          const __m512 w1 = _mm512_loadu_ps(w + k * N + 16);
          __m512 v = _mm512_set1_ps(a[k]);
          c00 = _mm512_fmadd_ps(v, w0, c00);
          c01 = _mm512_fmadd_ps(v, w1, c01);
          v = _mm512_set1_ps(a[K + k]);
          c10 = _mm512_fmadd_ps(v, w0, c10);
          c11 = _mm512_fmadd_ps(v, w1, c11);
          v = _mm512_set1_ps(a[2 * K + k]);
          c20 = _mm512_fmadd_ps(v, w0, c20);
          c21 = _mm512_fmadd_ps(v, w1, c21);
          v = _mm512_set1_ps(a[3 * K + k]);
          c30 = _mm512_fmadd_ps(v, w0, c30);
          c31 = _mm512_fmadd_ps(v, w1, c31);
        }
        _mm512_storeu_ps(c, c00);
        _mm512_storeu_ps(c + 16, c01);
        _mm512_storeu_ps(c + N, c10);
        _mm512_storeu_ps(c + N + 16, c11);
        _mm512_storeu_ps(c + 2 * N, c20);
        _mm512_storeu_ps(c + 2 * N + 16, c21);
        _mm512_storeu_ps(c + 3 * N, c30);
        _mm512_storeu_ps(c + 3 * N + 16, c31);
      }
    }
  }
}
