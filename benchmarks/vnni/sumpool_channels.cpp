// Sum pooling in NHWC. Two accumulators a vector (even and odd columns) to hide the latency of the
// additions.
// shapes: 1_5_5_64_5_5_1_1 4_8_8_64_3_3_2_2 4_56_56_128_5_5_2_2 16_112_112_64_5_5_3_3
#include <immintrin.h>

constexpr int N = 4;
constexpr int H = 56;
constexpr int W = 56;
constexpr int C = 128;
constexpr int K = 5;
constexpr int S = 2;
constexpr int OH = (H - K) / S + 1;
constexpr int OW = (W - K) / S + 1;

extern "C" void sumpool(const float* x, float* y) {
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; ++n) {
    for (int oh = 0; oh < OH; ++oh) {
      for (int ow = 0; ow < OW; ++ow) {
        for (int c = 0; c < C; c += 16) {
          __m512 even = _mm512_setzero_ps();
          __m512 odd = _mm512_setzero_ps();
          for (int kh = 0; kh < K; ++kh) {
            const float* p = x + ((n * H + oh * S + kh) * W + ow * S) * C + c;
            int kw = 0;
            for (; kw + 1 < K; kw += 2) {
              even = _mm512_add_ps(even, _mm512_loadu_ps(p + kw * C));
              odd = _mm512_add_ps(odd, _mm512_loadu_ps(p + (kw + 1) * C));
            }
            if (kw < K) even = _mm512_add_ps(even, _mm512_loadu_ps(p + kw * C));
          }
          _mm512_storeu_ps(y + ((n * OH + oh) * OW + ow) * C + c, _mm512_add_ps(even, odd));
        }
      }
    }
  }
}
