// Matrix product in i-k-j order: the innermost loop is contiguous in B and in C, and a compiler
// turns it into broadcasts and fused multiply-adds on its own.
// shapes: 1024_16_128

static const int M = 1024;
static const int K = 16;
static const int N = 128;

extern "C" void gemm(const float *mat_a, const float *mat_b, float *mat_c) {
#pragma omp parallel for
  for (int i = 0; i < M; ++i) {
    float row[N];
    for (int j = 0; j < N; ++j) row[j] = 0.0f;
    for (int k = 0; k < K; ++k) {
      const float a = mat_a[i * K + k];
#pragma omp simd
      for (int j = 0; j < N; ++j) {
        row[j] += a * mat_b[k * N + j];
      }
    }
    for (int j = 0; j < N; ++j) mat_c[i * N + j] = row[j];
  }
}
