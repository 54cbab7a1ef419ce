// Signed bytes in an operand that is read as unsigned.
#include <immintrin.h>
#include <stdint.h>

extern "C" void products(const int8_t* a, const uint8_t* b, const int8_t* c, int32_t* y) {
  for (int i = 0; i < 16; ++i) {
    __m512i bytes = _mm512_loadu_si512((const __m512i*)(a + i * 64));
    __m512i fine = _mm512_loadu_si512((const __m512i*)(b + i * 64));
    __m512i other = _mm512_loadu_si512((const __m512i*)(c + i * 64));
    __m512i sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), fine, other);
    sum = _mm512_dpbusd_epi32(sum, bytes, other);  // XP2144
    y[i] = _mm512_reduce_add_epi32(sum);
  }
}
