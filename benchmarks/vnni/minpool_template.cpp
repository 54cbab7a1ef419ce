// Pooling written once for any associative operation, here instantiated for the minimum.
// shapes: 4_8_8_64_3_3_2_2 16_64_64_64_5_5_2_2 5_112_112_64_3_3_2_2
#include <immintrin.h>

constexpr int N = 4;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int K = 3;
constexpr int S = 2;

struct Min {
  static __m512 start() { return _mm512_set1_ps(__builtin_inff()); }
  static __m512 combine(__m512 a, __m512 b) { return _mm512_min_ps(a, b); }
};

template <typename Op>
static void pool2d(const float* in, float* out) {
  constexpr int oh = (H - K) / S + 1;
  constexpr int ow = (W - K) / S + 1;
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; ++n) {
    for (int i = 0; i < oh; ++i) {
      for (int j = 0; j < ow; ++j) {
        for (int c = 0; c < C; c += 16) {
          __m512 v = Op::start();
          for (int di = 0; di < K; ++di)
            for (int dj = 0; dj < K; ++dj) {
              const float* src = in + ((n * H + i * S + di) * W + j * S + dj) * C + c;
              v = Op::combine(v, _mm512_loadu_ps(src));
            }
          _mm512_storeu_ps(out + ((n * oh + i) * ow + j) * C + c, v);
        }
      }
    }
  }
}

extern "C" void minpool(const float* in, float* out) { pool2d<Min>(in, out); }
