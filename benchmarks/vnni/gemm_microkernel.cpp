// Single precision C = A * B, row-major. The micro-kernel keeps MR x NR of C in registers: 6 rows
// need twelve accumulators at two vectors a row, which with two rows of B and one broadcast leaves
// half of the 32 zmm registers free. Rows that do not fill a tile fall to a narrower instance.
// shapes: 1024_128_128 32_32_128
#include <immintrin.h>

constexpr int M = 1024;
constexpr int K = 128;
constexpr int N = 128;

constexpr int VEC = 16;
constexpr int MR = 6;
constexpr int NR = 2 * VEC;

static_assert(N % NR == 0, "columns come in full tiles");

template <int ROWS>
static inline void micro_kernel(const float* a, const float* b, float* c) {
  __m512 acc[ROWS][2];
  for (int r = 0; r < ROWS; ++r) {
    acc[r][0] = _mm512_setzero_ps();
    acc[r][1] = _mm512_setzero_ps();
  }
  for (int k = 0; k < K; ++k) {
    const __m512 b0 = _mm512_loadu_ps(b + k * N);
    const __m512 b1 = _mm512_loadu_ps(b + k * N + VEC);
    for (int r = 0; r < ROWS; ++r) {
      const __m512 ar = _mm512_set1_ps(a[r * K + k]);
      acc[r][0] = _mm512_fmadd_ps(ar, b0, acc[r][0]);
      acc[r][1] = _mm512_fmadd_ps(ar, b1, acc[r][1]);
    }
  }
  for (int r = 0; r < ROWS; ++r) {
    _mm512_storeu_ps(c + r * N, acc[r][0]);
    _mm512_storeu_ps(c + r * N + VEC, acc[r][1]);
  }
}

extern "C" void gemm(const float* A, const float* B, float* C) {
  constexpr int full = M / MR * MR;
#pragma omp parallel for
  for (int m = 0; m < full; m += MR) {
    for (int n = 0; n < N; n += NR) {
      micro_kernel<MR>(A + m * K, B + n, C + m * N + n);
    }
  }
  for (int n = 0; n < N && full < M; n += NR) {
    micro_kernel<M % MR == 0 ? 1 : M % MR>(A + full * K, B + n, C + full * N + n);
  }
}
