/* 1-D convolution over a signal, kernel size KSIZE. Vector body, scalar tail. */
// shapes: 256_258 25_27 312_314
#include <immintrin.h>

#define OUT 312
#define IN 314
#define KSIZE 3

extern "C" void conv1d(const float *input, const float *kernel, float *output)
{
    static_assert(OUT == IN - KSIZE + 1, "valid convolution");
    int pos = 0;

    for (; pos <= OUT - 16; pos += 16) {
        __m512 acc = _mm512_setzero_ps();
        for (int t = 0; t < KSIZE; t++)
            acc = _mm512_fmadd_ps(_mm512_set1_ps(kernel[t]), _mm512_loadu_ps(&input[pos + t]), acc);
        _mm512_storeu_ps(&output[pos], acc);
    }

    for (; pos < OUT; pos++) {
        float acc = 0.0f;
        for (int t = 0; t < KSIZE; t++)
            acc += kernel[t] * input[pos + t];
        output[pos] = acc;
    }
}
