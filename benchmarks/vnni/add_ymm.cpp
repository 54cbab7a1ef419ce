// Vector addition with 256-bit registers: on the first AVX-512 parts they avoid the lower clock
// that 512-bit arithmetic brings, and addition is bound by memory anyway.
// shapes: 18_128 1_15_64
#include <immintrin.h>
#include <cstddef>

constexpr size_t SIZE = 2304;

static_assert(SIZE % 8 == 0, "whole registers only");

extern "C" void add(const float* x, const float* y, float* z) {
  for (size_t i = 0; i < SIZE; i += 8) {
    __m256 vx = _mm256_loadu_ps(x + i);
    __m256 vy = _mm256_loadu_ps(y + i);
    _mm256_storeu_ps(z + i, _mm256_add_ps(vx, vy));
  }
}
