// ReLU over a flat float buffer of any length: sixteen lanes a step, what is left under a mask.
// shapes: 3_4_5 45_25 7_1_6_7
#include <immintrin.h>

constexpr int SIZE = 1125;

extern "C" void relu(const float *x, float *y) {
  const __m512 zero = _mm512_setzero_ps();
  int i = 0;
  for (; i + 16 <= SIZE; i += 16) {
    _mm512_storeu_ps(y + i, _mm512_max_ps(_mm512_loadu_ps(x + i), zero));
  }
  if (i < SIZE) {
    const __mmask16 rest = static_cast<__mmask16>((1u << (SIZE - i)) - 1u);
    const __m512 v = _mm512_maskz_loadu_ps(rest, x + i);
    _mm512_mask_storeu_ps(y + i, rest, _mm512_max_ps(v, zero));
  }
}
