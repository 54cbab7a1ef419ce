// Multi-scale deformable attention (Deformable DETR). The channels of a head are contiguous, so one
// sampling point is four corners x DV vectors; corners outside the map count as zero.
// value [N, SPATIAL, HEADS, CH], locations [N, QUERIES, HEADS, LEVELS, POINTS, 2], normalised x, y.
// shapes: 1_8_256_100_4_4 4_8_256_100_4_4 1_8_512_200_4_4
#include <immintrin.h>
#include <cmath>

constexpr int N = 1;
constexpr int HEADS = 8;
constexpr int D = 256;
constexpr int QUERIES = 100;
constexpr int LEVELS = 4;
constexpr int POINTS = 4;

constexpr int CH = D / HEADS;
constexpr int DV = CH / 16;
constexpr int SPATIAL = 84 * 117 + 42 * 59 + 21 * 30 + 11 * 15;

static_assert(CH % 16 == 0, "whole vectors of channels");

static inline void add_corner(__m512* acc, const float* map, int y, int x, int height, int width,
                              float weight) {
  if (y < 0 || y >= height || x < 0 || x >= width) return;
  const float* p = map + (y * width + x) * HEADS * CH;
  const __m512 w = _mm512_set1_ps(weight);
  for (int v = 0; v < DV; ++v) acc[v] = _mm512_fmadd_ps(w, _mm512_loadu_ps(p + v * 16), acc[v]);
}

extern "C" void deformable(const float* value, const int* value_spatial_shapes,
                           const int* level_start_index, const float* sampling_locations,
                           const float* attention_weights, float* output) {
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; ++n) {
    for (int q = 0; q < QUERIES; ++q) {
      for (int m = 0; m < HEADS; ++m) {
        const int row = (n * QUERIES + q) * HEADS + m;
        __m512 acc[DV];
        for (int v = 0; v < DV; ++v) acc[v] = _mm512_setzero_ps();

        for (int l = 0; l < LEVELS; ++l) {
          const int height = value_spatial_shapes[2 * l];
          const int width = value_spatial_shapes[2 * l + 1];
          const float* map = value + ((n * SPATIAL + level_start_index[l]) * HEADS + m) * CH;
          for (int p = 0; p < POINTS; ++p) {
            const int at = (row * LEVELS + l) * POINTS + p;
            const float x = sampling_locations[2 * at] * width - 0.5f;
            const float y = sampling_locations[2 * at + 1] * height - 0.5f;
            const float weight = attention_weights[at];
            const int x0 = (int)floorf(x);
            const int y0 = (int)floorf(y);
            const float fx = x - x0;
            const float fy = y - y0;
            add_corner(acc, map, y0, x0, height, width, weight * (1 - fy) * (1 - fx));
            add_corner(acc, map, y0, x0 + 1, height, width, weight * (1 - fy) * fx);
            add_corner(acc, map, y0 + 1, x0, height, width, weight * fy * (1 - fx));
            add_corner(acc, map, y0 + 1, x0 + 1, height, width, weight * fy * fx);
          }
        }
        for (int v = 0; v < DV; ++v) _mm512_storeu_ps(output + row * CH + v * 16, acc[v]);
      }
    }
  }
}
