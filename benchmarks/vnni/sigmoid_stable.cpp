// Sigmoid that never takes the exponential of a positive number: for x < 0 it is e^x / (1 + e^x).
// The exponentials go through a small buffer, division and selection are vector code.
// shapes: 5_12_23_128 5_7_3_32
#include <immintrin.h>
#include <cmath>

static constexpr int SIZE = 3360;

extern "C" void sigmoid(const float* src, float* dst) {
  const __m512 one = _mm512_set1_ps(1.0f);
  const __m512 zero = _mm512_setzero_ps();
#pragma omp parallel for
  for (int i = 0; i < SIZE; i += 16) {
    alignas(64) float e[16];
    for (int j = 0; j < 16; ++j) e[j] = std::exp(-std::fabs(src[i + j]));

    const __m512 v = _mm512_load_ps(e);
    const __mmask16 negative = _mm512_cmp_ps_mask(_mm512_loadu_ps(src + i), zero, _CMP_LT_OQ);
    const __m512 numerator = _mm512_mask_blend_ps(negative, one, v);
    _mm512_storeu_ps(dst + i, _mm512_div_ps(numerator, _mm512_add_ps(one, v)));
  }
}
