/*
 * Depthwise 2-D convolution, H x H x C with K x K x C. Tap by tap: the output pixel is loaded,
 * one multiply-add is done to all of its channels, and it is stored again; the pixel stays in L1.
 */
// shapes: 192_3_128 256_3_128
#include <immintrin.h>

#define H 192
#define K 3
#define C 128
#define HO (H - K + 1)

static inline void fma_channels(float *acc, const float *a, const float *b)
{
    for (int c = 0; c < C; c += 16) {
        __m512 s = _mm512_loadu_ps(acc + c);
        s = _mm512_fmadd_ps(_mm512_loadu_ps(a + c), _mm512_loadu_ps(b + c), s);
        _mm512_storeu_ps(acc + c, s);
    }
}

extern "C" void depthwiseconv(const float *image, const float *filter, float *out)
{
    #pragma omp parallel for collapse(2)
    for (int h = 0; h < HO; h++) {
        for (int w = 0; w < HO; w++) {
            float *pixel = out + (h * HO + w) * C;
            for (int c = 0; c < C; c += 16)
                _mm512_storeu_ps(pixel + c, _mm512_setzero_ps());
            for (int r = 0; r < K; r++)
                for (int s = 0; s < K; s++)
                    fma_channels(pixel, image + ((h + r) * H + w + s) * C, filter + (r * K + s) * C);
        }
    }
}
