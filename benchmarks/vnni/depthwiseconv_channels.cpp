// Depthwise convolution of one HWC image: channels in the lanes, the filter taps of sixteen
// channels held in registers along an output row.
// shapes: 6_3_128 128_3_128
#include <immintrin.h>

constexpr int H = 128;
constexpr int K = 3;
constexpr int C = 128;
constexpr int OUT = H - K + 1;

static_assert(C % 16 == 0, "");

extern "C" void depthwiseconv(const float* x, const float* w, float* y) {
#pragma omp parallel for
  for (int i = 0; i < OUT; ++i) {
    for (int c = 0; c < C; c += 16) {
      __m512 taps[K * K];
      for (int t = 0; t < K * K; ++t) taps[t] = _mm512_loadu_ps(w + t * C + c);

      for (int j = 0; j < OUT; ++j) {
        __m512 acc = _mm512_setzero_ps();
        for (int p = 0; p < K; ++p)
          for (int q = 0; q < K; ++q) {
            const __m512 v = _mm512_loadu_ps(x + ((i + p) * H + j + q) * C + c);
            acc = _mm512_fmadd_ps(v, taps[p * K + q], acc);
          }
        _mm512_storeu_ps(y + (i * OUT + j) * C + c, acc);
      }
    }
  }
}
