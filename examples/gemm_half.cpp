// C = A * B, half x half -> float, row-major: AVX-512, halves widened to float on the way in.
#include <immintrin.h>

typedef _Float16 half;

static const int M = 128;
static const int N = 128;
static const int K = 128;

extern "C" void gemm_half(const half* A, const half* B, float* C) {
#pragma omp parallel for
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; n += 16) {
      __m512 acc = _mm512_setzero_ps();
      for (int k = 0; k < K; ++k) {
        const __m512 b = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)(B + k * N + n)));
        acc = _mm512_fmadd_ps(_mm512_set1_ps((float)A[m * K + k]), b, acc);
      }
      _mm512_storeu_ps(C + m * N + n, acc);
    }
  }
}
