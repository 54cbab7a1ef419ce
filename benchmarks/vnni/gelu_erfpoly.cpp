// Exact GELU with a vector erf: Abramowitz and Stegun 7.1.26, absolute error 1.5e-7,
//   erf(z) = 1 - (a1 t + ... + a5 t^5) e^(-z^2),  t = 1 / (1 + p z),  z >= 0, and erf(-z) = -erf(z).
// shapes: 5_12_23_128 8_10_64
#include <immintrin.h>

static const int SIZE = 5120;

#define SET(v) _mm512_set1_ps(v)

static inline __m512 exp_nonpositive(__m512 x) {
  x = _mm512_max_ps(x, SET(-87.0f));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, SET(1.44269504f)), 0);
  __m512 r = _mm512_fnmadd_ps(n, SET(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, SET(-2.12194440e-4f), r);
  __m512 p = SET(1.3888889e-3f);
  p = _mm512_fmadd_ps(p, r, SET(8.3333333e-3f));
  p = _mm512_fmadd_ps(p, r, SET(4.1666667e-2f));
  p = _mm512_fmadd_ps(p, r, SET(1.6666667e-1f));
  p = _mm512_fmadd_ps(p, r, SET(0.5f));
  p = _mm512_fmadd_ps(p, r, SET(1.0f));
  p = _mm512_fmadd_ps(p, r, SET(1.0f));
  return _mm512_scalef_ps(p, n);
}

static inline __m512 erf_ps(__m512 x) {
  const __m512 z = _mm512_abs_ps(x);
  const __m512 t = _mm512_div_ps(SET(1.0f), _mm512_fmadd_ps(z, SET(0.3275911f), SET(1.0f)));
  __m512 q = SET(1.061405429f);
  q = _mm512_fmadd_ps(q, t, SET(-1.453152027f));
  q = _mm512_fmadd_ps(q, t, SET(1.421413741f));
  q = _mm512_fmadd_ps(q, t, SET(-0.284496736f));
  q = _mm512_fmadd_ps(q, t, SET(0.254829592f));
  q = _mm512_mul_ps(q, t);
  const __m512 e = exp_nonpositive(_mm512_sub_ps(_mm512_setzero_ps(), _mm512_mul_ps(z, z)));
  const __m512 erf = _mm512_fnmadd_ps(q, e, SET(1.0f));
  // the sign of x back on
  const __mmask16 neg = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
  return _mm512_mask_sub_ps(erf, neg, _mm512_setzero_ps(), erf);
}

extern "C" void gelu(const float* in, float* out) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < SIZE; i += 16) {
    const __m512 x = _mm512_loadu_ps(in + i);
    const __m512 cdf = _mm512_fmadd_ps(erf_ps(_mm512_mul_ps(x, SET(0.70710678f))), SET(0.5f), SET(0.5f));
    _mm512_storeu_ps(out + i, _mm512_mul_ps(x, cdf));
  }
}
