// y[m] = sum over n of a[m][n] * x[n], with an OpenMP reduction for the vector lanes.
// shapes: 32_64

static const int M = 32;
static const int N = 64;

extern "C" void gemv(const float* a, const float* x, float* y) {
#pragma omp parallel for
  for (int m = 0; m < M; ++m) {
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int n = 0; n < N; ++n) sum += a[m * N + n] * x[n];
    y[m] = sum;
  }
}
