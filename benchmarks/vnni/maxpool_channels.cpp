// Max pooling, NHWC: sixteen channels to a register, the window walked for each of them.
// shapes: 1_5_5_64_5_5_1_1 4_35_35_192_5_5_2_2 16_64_64_64_5_5_2_2
#include <immintrin.h>

constexpr int N = 16;
constexpr int H = 64;
constexpr int W = 64;
constexpr int C = 64;
constexpr int K = 5;
constexpr int S = 2;
constexpr int OH = (H - K) / S + 1;
constexpr int OW = (W - K) / S + 1;

extern "C" void maxpool(const float* x, float* y) {
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; ++n) {
    for (int oh = 0; oh < OH; ++oh) {
      for (int ow = 0; ow < OW; ++ow) {
        const float* window = x + ((n * H + oh * S) * W + ow * S) * C;
        float* out = y + ((n * OH + oh) * OW + ow) * C;
        for (int c = 0; c < C; c += 16) {
          __m512 best = _mm512_loadu_ps(window + c);
          for (int kh = 0; kh < K; ++kh)
            for (int kw = 0; kw < K; ++kw)
              best = _mm512_max_ps(best, _mm512_loadu_ps(window + (kh * W + kw) * C + c));
          _mm512_storeu_ps(out + c, best);
        }
      }
    }
  }
}
