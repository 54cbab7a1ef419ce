// Valid 1-D convolution with three taps: sixteen outputs at a time from three overlapping loads,
// the remainder under a mask.
// shapes: 126_128 190_192 222_224
#include <immintrin.h>

constexpr int OUT = 126;
constexpr int IN = 128;
constexpr int KERNEL = IN - OUT + 1;

static_assert(KERNEL == 3, "three taps are written out");

extern "C" void conv1d(const float* x, const float* w, float* y) {
  const __m512 w0 = _mm512_set1_ps(w[0]);
  const __m512 w1 = _mm512_set1_ps(w[1]);
  const __m512 w2 = _mm512_set1_ps(w[2]);

  int i = 0;
  for (; i + 16 <= OUT; i += 16) {
    __m512 s = _mm512_mul_ps(w0, _mm512_loadu_ps(x + i));
    s = _mm512_fmadd_ps(w1, _mm512_loadu_ps(x + i + 1), s);
    s = _mm512_fmadd_ps(w2, _mm512_loadu_ps(x + i + 2), s);
    _mm512_storeu_ps(y + i, s);
  }
  if (i < OUT) {
    const __mmask16 k = (__mmask16)((1u << (OUT - i)) - 1u);
    __m512 s = _mm512_mul_ps(w0, _mm512_maskz_loadu_ps(k, x + i));
    s = _mm512_fmadd_ps(w1, _mm512_maskz_loadu_ps(k, x + i + 1), s);
    s = _mm512_fmadd_ps(w2, _mm512_maskz_loadu_ps(k, x + i + 2), s);
    _mm512_mask_storeu_ps(y + i, k, s);
  }
}
