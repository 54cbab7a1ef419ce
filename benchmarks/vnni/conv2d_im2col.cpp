/*
 * Convolution as im2col + GEMM. Each image is unrolled into a [OH*OW][KH*KW*C] matrix, weights are
 * transposed to [KH*KW*C][O] once, and the product is a register-blocked 1 x 64 kernel.
 */
// shapes: 16_8_8_128_64_2_2_128_2_0 16_8_8_128_64_2_2_128_3_0
#include <immintrin.h>
#include <string.h>

#define N 16
#define H 8
#define W 8
#define C 128
#define O 64
#define KH 2
#define KW 2
#define STRIDE 2

enum {
    OH = (H - KH) / STRIDE + 1,
    OW = (W - KW) / STRIDE + 1,
    PIXELS = OH * OW,
    DEPTH = KH * KW * C,
};

static float wt[DEPTH * O] __attribute__((aligned(64)));

static void transpose_weights(const float *w)
{
    for (int o = 0; o < O; o++)
        for (int d = 0; d < DEPTH; d++)
            wt[d * O + o] = w[o * DEPTH + d];
}

static void im2col(const float *image, float *col)
{
    for (int oh = 0; oh < OH; oh++)
        for (int ow = 0; ow < OW; ow++)
            for (int kh = 0; kh < KH; kh++) {
                const float *src = image + ((oh * STRIDE + kh) * W + ow * STRIDE) * C;
                memcpy(col, src, KW * C * sizeof(float));
                col += KW * C;
            }
}

static void gemm_1x64(const float *a, float *c)
{
    __m512 c0 = _mm512_setzero_ps(), c1 = c0, c2 = c0, c3 = c0;

    for (int d = 0; d < DEPTH; d++) {
        const __m512 v = _mm512_set1_ps(a[d]);
        c0 = _mm512_fmadd_ps(v, _mm512_load_ps(wt + d * O), c0);
        c1 = _mm512_fmadd_ps(v, _mm512_load_ps(wt + d * O + 16), c1);
        c2 = _mm512_fmadd_ps(v, _mm512_load_ps(wt + d * O + 32), c2);
        c3 = _mm512_fmadd_ps(v, _mm512_load_ps(wt + d * O + 48), c3);
    }
    _mm512_storeu_ps(c, c0);
    _mm512_storeu_ps(c + 16, c1);
    _mm512_storeu_ps(c + 32, c2);
    _mm512_storeu_ps(c + 48, c3);
}

extern "C" void conv2d(const float *input, const float *filter, float *output)
{
    static_assert(O == 64, "gemm_1x64 covers all output channels");
    transpose_weights(filter);

    #pragma omp parallel
    {
        float col[PIXELS * DEPTH]; /* one per thread */

        #pragma omp for
        for (int n = 0; n < N; n++) {
            im2col(input + n * H * W * C, col);
            for (int p = 0; p < PIXELS; p++)
                gemm_1x64(col + p * DEPTH, output + (n * PIXELS + p) * O);
        }
    }
}
