// Max pooling without intrinsics; the channel loop is innermost and contiguous, so it vectorises.
// shapes: 4_56_56_128_5_5_2_2 16_112_112_64_5_5_3_3
#include <cfloat>

static const int N = 4;
static const int H = 56;
static const int W = 56;
static const int C = 128;
static const int K = 5;
static const int S = 2;
static const int HO = (H - K) / S + 1;
static const int WO = (W - K) / S + 1;

static inline int at(int n, int h, int w, int height, int width) {
  return ((n * height + h) * width + w) * C;
}

extern "C" void maxpool(const float* input, float* output) {
#pragma omp parallel for
  for (int n = 0; n < N; ++n) {
    for (int i = 0; i < HO; ++i) {
      for (int j = 0; j < WO; ++j) {
        float* o = output + at(n, i, j, HO, WO);
        for (int c = 0; c < C; ++c) o[c] = -FLT_MAX;
        for (int p = i * S; p < i * S + K; ++p) {
          for (int q = j * S; q < j * S + K; ++q) {
            const float* v = input + at(n, p, q, H, W);
#pragma omp simd
            for (int c = 0; c < C; ++c) {
              if (v[c] > o[c]) o[c] = v[c];
            }
          }
        }
      }
    }
  }
}
