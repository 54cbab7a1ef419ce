// Average pooling over NHWC: the sum of a window in registers, sixteen channels each, then one
// multiplication by the reciprocal of its area.
// shapes: 1_5_5_64_5_5_1_1 4_8_8_64_3_3_2_2 5_112_112_64_3_3_2_2
#include <immintrin.h>

constexpr int N = 4;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int K = 3;
constexpr int S = 2;
constexpr int P = (H - K) / S + 1;
constexpr int Q = (W - K) / S + 1;

extern "C" void avgpool(const float* x, float* y) {
  const __m512 inv = _mm512_set1_ps(1.0f / (K * K));
#pragma omp parallel for collapse(3)
  for (int n = 0; n < N; ++n) {
    for (int p = 0; p < P; ++p) {
      for (int q = 0; q < Q; ++q) {
        for (int c = 0; c < C; c += 16) {
          __m512 sum = _mm512_setzero_ps();
          for (int r = 0; r < K; ++r) {
            const float* row = x + ((n * H + p * S + r) * W + q * S) * C + c;
            for (int s = 0; s < K; ++s) sum = _mm512_add_ps(sum, _mm512_loadu_ps(row + s * C));
          }
          _mm512_storeu_ps(y + ((n * P + p) * Q + q) * C + c, _mm512_mul_ps(sum, inv));
        }
      }
    }
  }
}
