// y = softmax(x) along the rows of a row-major [rows, COLS] matrix: AVX-512 for the maximum and the
// scaling, the C library for exp.
#include <immintrin.h>
#include <math.h>

static const int COLS = 256;

extern "C" void softmax(const float* x, float* y, int rows) {
#pragma omp parallel for
  for (int r = 0; r < rows; ++r) {
    const float* in = x + r * COLS;
    float* out = y + r * COLS;

    __m512 top16 = _mm512_loadu_ps(in);
    for (int c = 16; c < COLS; c += 16) {
      top16 = _mm512_max_ps(top16, _mm512_loadu_ps(in + c));
    }
    const float top = _mm512_reduce_max_ps(top16);

    float sum = 0.0f;
    for (int c = 0; c < COLS; ++c) {
      out[c] = expf(in[c] - top);
      sum += out[c];
    }

    const __m512 scale = _mm512_set1_ps(1.0f / sum);
    for (int c = 0; c < COLS; c += 16) {
      _mm512_storeu_ps(out + c, _mm512_mul_ps(_mm512_loadu_ps(out + c), scale));
    }
  }
}
