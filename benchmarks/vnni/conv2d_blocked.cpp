// 2-D convolution with output channels in the lanes. Weights are reordered to OHWI16o blocks,
// [O/16][KH][KW][C][16]; a row of output pixels is accumulated together against each of them.
// shapes: 32_8_8_128_64_2_2_128_2_0 32_8_8_64_64_2_2_64_2_0
#include <immintrin.h>

constexpr int N = 32;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int O = 64;
constexpr int KH = 2;
constexpr int KW = 2;
constexpr int STRIDE = 2;

constexpr int OH = (H - KH) / STRIDE + 1;
constexpr int OW = (W - KW) / STRIDE + 1;
constexpr int LANES = 16;
constexpr int TAPS = KH * KW;

using Block = float[TAPS][C][LANES];
alignas(64) static Block weights[O / LANES];

static void reorder(const float* f) {
  for (int o = 0; o < O; ++o)
    for (int t = 0; t < TAPS; ++t)
      for (int c = 0; c < C; ++c) weights[o / LANES][t][c][o % LANES] = f[(o * TAPS + t) * C + c];
}

extern "C" void conv2d(const float* src, const float* wei, float* dst) {
  reorder(wei);

#pragma omp parallel for collapse(2) schedule(static)
  for (int n = 0; n < N; ++n) {
    for (int oh = 0; oh < OH; ++oh) {
      for (int ob = 0; ob < O / LANES; ++ob) {
        __m512 acc[OW];
        for (int ow = 0; ow < OW; ++ow) acc[ow] = _mm512_setzero_ps();

        for (int kh = 0; kh < KH; ++kh) {
          const float* row = src + (n * H + oh * STRIDE + kh) * W * C;
          for (int kw = 0; kw < KW; ++kw) {
            for (int c = 0; c < C; ++c) {
              const __m512 w = _mm512_load_ps(weights[ob][kh * KW + kw][c]);
              for (int ow = 0; ow < OW; ++ow) {
                const float s = row[(ow * STRIDE + kw) * C + c];
                acc[ow] = _mm512_fmadd_ps(_mm512_set1_ps(s), w, acc[ow]);
              }
            }
          }
        }
        for (int ow = 0; ow < OW; ++ow)
          _mm512_storeu_ps(dst + ((n * OH + oh) * OW + ow) * O + ob * LANES, acc[ow]);
      }
    }
  }
}
