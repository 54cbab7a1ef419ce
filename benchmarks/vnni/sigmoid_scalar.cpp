/* 1 / (1 + exp(-x)) with the C library; -O3 -ffast-math links it to the vector math library. */
// shapes: 3_4_5 5_128 8_10_64
#include <math.h>

#define SIZE 5120

extern "C" void sigmoid(const float *in, float *out)
{
	#pragma omp parallel for simd
	for (int i = 0; i < SIZE; i++)
		out[i] = 1.0f / (1.0f + expf(-in[i]));
}
