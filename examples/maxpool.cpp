// 3 x 3 maximum over NHWC images, stride 2, no padding: [n, 16, 16, 64] -> [n, 7, 7, 64].
// AVX-512 over the channels.
#include <immintrin.h>

static const int H = 16, W = 16, C = 64;
static const int WINDOW = 3, STRIDE = 2;
static const int OH = (H - WINDOW) / STRIDE + 1;
static const int OW = (W - WINDOW) / STRIDE + 1;

extern "C" void maxpool(const float* x, float* y, int n) {
#pragma omp parallel for
  for (int image = 0; image < n; ++image) {
    for (int oh = 0; oh < OH; ++oh) {
      for (int ow = 0; ow < OW; ++ow) {
        for (int c = 0; c < C; c += 16) {
          const float* corner = x + ((image * H + oh * STRIDE) * W + ow * STRIDE) * C + c;
          __m512 top = _mm512_loadu_ps(corner);
          for (int kh = 0; kh < WINDOW; ++kh) {
            for (int kw = 0; kw < WINDOW; ++kw) {
              top = _mm512_max_ps(top, _mm512_loadu_ps(corner + (kh * W + kw) * C));
            }
          }
          _mm512_storeu_ps(y + ((image * OH + oh) * OW + ow) * C + c, top);
        }
      }
    }
  }
}
