// c = a + b, element by element, for any n: AVX-512, sixteen floats a step, masked tail.
#include <immintrin.h>

extern "C" void add(const float* a, const float* b, float* c, int n) {
  const int full = n / 16 * 16;

#pragma omp parallel for
  for (int i = 0; i < full; i += 16) {
    const __m512 x = _mm512_loadu_ps(a + i);
    const __m512 y = _mm512_loadu_ps(b + i);
    _mm512_storeu_ps(c + i, _mm512_add_ps(x, y));
  }

  if (full < n) {
    // One bit per element that is left; the other lanes are neither read nor written.
    const __mmask16 live = (__mmask16)((1u << (n - full)) - 1u);
    const __m512 x = _mm512_maskz_loadu_ps(live, a + full);
    const __m512 y = _mm512_maskz_loadu_ps(live, b + full);
    _mm512_mask_storeu_ps(c + full, live, _mm512_add_ps(x, y));
  }
}
