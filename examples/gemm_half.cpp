// C = A * B, half x half -> float, row-major: AVX-512.
// Sixteen halves of a row of B are widened to float once and used for four rows of A.
#include <immintrin.h>

typedef _Float16 half;

static const int M = 128;
static const int N = 128;
static const int K = 128;

extern "C" void gemm_half(const half* A, const half* B, float* C) {
#pragma omp parallel for
  for (int m = 0; m < M; m += 4) {
    for (int n = 0; n < N; n += 16) {
      __m512 c0 = _mm512_setzero_ps();
      __m512 c1 = _mm512_setzero_ps();
      __m512 c2 = _mm512_setzero_ps();
      __m512 c3 = _mm512_setzero_ps();
      for (int k = 0; k < K; ++k) {
        alignas(64) float wide[16];
        for (int i = 0; i < 16; ++i) {
          wide[i] = (float)B[k * N + n + i];
        }
        const __m512 b = _mm512_load_ps(wide);
        c0 = _mm512_fmadd_ps(_mm512_set1_ps((float)A[(m + 0) * K + k]), b, c0);
        c1 = _mm512_fmadd_ps(_mm512_set1_ps((float)A[(m + 1) * K + k]), b, c1);
        c2 = _mm512_fmadd_ps(_mm512_set1_ps((float)A[(m + 2) * K + k]), b, c2);
        c3 = _mm512_fmadd_ps(_mm512_set1_ps((float)A[(m + 3) * K + k]), b, c3);
      }
      _mm512_storeu_ps(C + (m + 0) * N + n, c0);
      _mm512_storeu_ps(C + (m + 1) * N + n, c1);
      _mm512_storeu_ps(C + (m + 2) * N + n, c2);
      _mm512_storeu_ps(C + (m + 3) * N + n, c3);
    }
  }
}
