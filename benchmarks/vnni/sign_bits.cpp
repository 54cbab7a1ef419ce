// Sign by bits: the sign bit of x over the bits of 1.0f, cleared where x is zero.
// shapes: 5_7_3_32 8_10_64
#include <immintrin.h>
#include <cstdint>

static constexpr int SIZE = 5120;

static inline __m512 sign_ps(__m512 x) {
  const __m512i sign_bit = _mm512_set1_epi32(INT32_MIN);
  const __m512i one = _mm512_castps_si512(_mm512_set1_ps(1.0f));
  const __m512i signed_one =
      _mm512_or_si512(_mm512_and_si512(_mm512_castps_si512(x), sign_bit), one);
  const __mmask16 nonzero = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_OQ);
  return _mm512_castsi512_ps(_mm512_maskz_mov_epi32(nonzero, signed_one));
}

extern "C" void sign(const float* src, float* dst) {
  for (const float* end = src + SIZE; src < end; src += 16, dst += 16) {
    _mm512_storeu_ps(dst, sign_ps(_mm512_loadu_ps(src)));
  }
}
