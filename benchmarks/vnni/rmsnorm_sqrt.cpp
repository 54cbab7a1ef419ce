/* Root mean square layer norm, one row per iteration. */
// shapes: 2048_4096 4096_4096 4096_8192
#include <immintrin.h>
#include <math.h>
#include <stddef.h>

#define ROWS 4096
#define D 4096

static float sum_of_squares(const float *v)
{
	__m512 acc = _mm512_setzero_ps();

	for (int i = 0; i < D; i += 16) {
		__m512 e = _mm512_loadu_ps(v + i);
		acc = _mm512_add_ps(acc, _mm512_mul_ps(e, e));
	}
	return _mm512_reduce_add_ps(acc);
}

static void scale_row(const float *src, float *dst, float factor)
{
	const __m512 f = _mm512_set1_ps(factor);

	for (int i = 0; i < D; i += 16)
		_mm512_storeu_ps(dst + i, _mm512_mul_ps(f, _mm512_loadu_ps(src + i)));
}

extern "C" void rmsnorm(const float *input, float *output)
{
	#pragma omp parallel for schedule(static)
	for (int r = 0; r < ROWS; r++) {
		const size_t at = (size_t)r * D;
		const float rms = sqrtf(sum_of_squares(input + at) / D + 1e-5f);
		scale_row(input + at, output + at, 1.0f / rms);
	}
}
