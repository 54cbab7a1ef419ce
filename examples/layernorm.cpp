// y = (x - mean) / sqrt(variance + eps) * gamma + beta along the rows of a [rows, D] matrix: AVX-512.
#include <immintrin.h>
#include <math.h>

static const int D = 256;
static const float EPS = 1e-5f;

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y,
                          int rows) {
#pragma omp parallel for
  for (int r = 0; r < rows; ++r) {
    const float* in = x + r * D;
    float* out = y + r * D;

    __m512 sum = _mm512_setzero_ps();
    for (int c = 0; c < D; c += 16) {
      sum = _mm512_add_ps(sum, _mm512_loadu_ps(in + c));
    }
    const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / D);

    __m512 squares = _mm512_setzero_ps();
    for (int c = 0; c < D; c += 16) {
      const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(in + c), mean);
      squares = _mm512_fmadd_ps(d, d, squares);
    }
    const __m512 inv = _mm512_set1_ps(1.0f / sqrtf(_mm512_reduce_add_ps(squares) / D + EPS));

    for (int c = 0; c < D; c += 16) {
      const __m512 d = _mm512_sub_ps(_mm512_loadu_ps(in + c), mean);
      const __m512 scaled = _mm512_mul_ps(_mm512_mul_ps(d, inv), _mm512_loadu_ps(gamma + c));
      _mm512_storeu_ps(out + c, _mm512_add_ps(scaled, _mm512_loadu_ps(beta + c)));
    }
  }
}
