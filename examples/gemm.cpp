// C = A * B in float, row-major, sizes fixed at compile time: AVX-512.
// Four rows of C and sixteen columns at a time stay in registers; a row of B is loaded once for the
// four rows and every element of A is broadcast against it.
#include <immintrin.h>

static const int M = 128;
static const int N = 128;
static const int K = 128;

extern "C" void gemm(const float* A, const float* B, float* C) {
#pragma omp parallel for
  for (int m = 0; m < M; m += 4) {
    for (int n = 0; n < N; n += 16) {
      __m512 c0 = _mm512_setzero_ps();
      __m512 c1 = _mm512_setzero_ps();
      __m512 c2 = _mm512_setzero_ps();
      __m512 c3 = _mm512_setzero_ps();
      for (int k = 0; k < K; ++k) {
        const __m512 b = _mm512_loadu_ps(B + k * N + n);
        c0 = _mm512_fmadd_ps(_mm512_set1_ps(A[(m + 0) * K + k]), b, c0);
        c1 = _mm512_fmadd_ps(_mm512_set1_ps(A[(m + 1) * K + k]), b, c1);
        c2 = _mm512_fmadd_ps(_mm512_set1_ps(A[(m + 2) * K + k]), b, c2);
        c3 = _mm512_fmadd_ps(_mm512_set1_ps(A[(m + 3) * K + k]), b, c3);
      }
      _mm512_storeu_ps(C + (m + 0) * N + n, c0);
      _mm512_storeu_ps(C + (m + 1) * N + n, c1);
      _mm512_storeu_ps(C + (m + 2) * N + n, c2);
      _mm512_storeu_ps(C + (m + 3) * N + n, c3);
    }
  }
}
