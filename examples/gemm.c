/* C = A * B in float, row-major, all three 128 x 128. */

#define M 128
#define N 128
#define K 128

void gemm(const float* A, const float* B, float* C) {
  for (int m = 0; m < M; ++m) {
    for (int n = 0; n < N; ++n) {
      float sum = 0.0f;
      for (int k = 0; k < K; ++k) {
        sum += A[m * K + k] * B[k * N + n];
      }
      C[m * N + n] = sum;
    }
  }
}
