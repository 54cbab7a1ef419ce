// Logistic function in AVX-512: e^-x by range reduction and a polynomial, then an exact division.
// What does not fill a register is done with the tail masked off.
// shapes: 12_3_128 45_25 7_1_6_7
#include <immintrin.h>

constexpr int SIZE = 1125;

static inline __m512 exp512(__m512 x) {
  const __m512 lo = _mm512_set1_ps(-87.3f);
  const __m512 hi = _mm512_set1_ps(88.3f);
  x = _mm512_min_ps(_mm512_max_ps(x, lo), hi);
  // x = n ln2 + r
  const __m512i n = _mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)));
  const __m512 nf = _mm512_cvtepi32_ps(n);
  __m512 r = _mm512_fnmadd_ps(nf, _mm512_set1_ps(0.693145752f), x);
  r = _mm512_fnmadd_ps(nf, _mm512_set1_ps(1.42860677e-6f), r);
  // Taylor up to r^6 / 720; |r| < 0.35
  __m512 p = _mm512_set1_ps(1.0f / 720);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 120));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 24));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 6));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  // 2^n by its exponent bits
  const __m512i bits = _mm512_slli_epi32(_mm512_add_epi32(n, _mm512_set1_epi32(127)), 23);
  return _mm512_mul_ps(p, _mm512_castsi512_ps(bits));
}

static inline __m512 sigmoid512(__m512 x) {
  const __m512 one = _mm512_set1_ps(1.0f);
  const __m512 e = exp512(_mm512_sub_ps(_mm512_setzero_ps(), x));
  return _mm512_div_ps(one, _mm512_add_ps(one, e));
}

extern "C" void sigmoid(const float* x, float* y) {
  constexpr int full = SIZE & ~15;
#pragma omp parallel for
  for (int i = 0; i < full; i += 16) {
    _mm512_storeu_ps(y + i, sigmoid512(_mm512_loadu_ps(x + i)));
  }
  if (full < SIZE) {
    const __mmask16 tail = (__mmask16)((1u << (SIZE - full)) - 1u);
    const __m512 v = sigmoid512(_mm512_maskz_loadu_ps(tail, x + full));
    _mm512_mask_storeu_ps(y + full, tail, v);
  }
}
