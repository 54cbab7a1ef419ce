/*
 * conv2d, NCHW, by im2col: col is [C*KH*KW][PIX], pixels padded to whole vectors, and every output
 * plane is a row of the product weights [O][C*KH*KW] times col.
 */
// shapes: 16_128_8_8_64_128_2_2_2_0 16_128_8_8_64_128_2_2_3_0 32_128_8_8_64_128_2_2_3_0
#include <immintrin.h>

#define N 16
#define C 128
#define H 8
#define W 8
#define O 64
#define KH 2
#define KW 2
#define STRIDE 2
#define OH ((H - KH) / STRIDE + 1)
#define OW ((W - KW) / STRIDE + 1)
#define PIX (OH * OW)
#define PIX_PAD ((PIX + 15) / 16 * 16)
#define CKK (C * KH * KW)

static void im2col(const float *im, float *col)
{
    for (int c = 0; c < C; c++)
        for (int kh = 0; kh < KH; kh++)
            for (int kw = 0; kw < KW; kw++, col += PIX_PAD)
                for (int p = 0; p < PIX_PAD; p++) {
                    const int oh = p / OW, ow = p % OW;
                    col[p] = p < PIX ? im[(c * H + oh * STRIDE + kh) * W + ow * STRIDE + kw] : 0.0f;
                }
}

extern "C" void conv2dnchw(const float *data, const float *weight, float *out)
{
    const __mmask16 last = (__mmask16)(0xffffu >> (PIX_PAD - PIX));

    #pragma omp parallel for
    for (int n = 0; n < N; n++) {
        alignas(64) float col[CKK * PIX_PAD];
        im2col(data + n * C * H * W, col);

        for (int o = 0; o < O; o++)
            for (int p = 0; p < PIX_PAD; p += 16) {
                __m512 acc = _mm512_setzero_ps();
                for (int i = 0; i < CKK; i++)
                    acc = _mm512_fmadd_ps(_mm512_set1_ps(weight[o * CKK + i]),
                                          _mm512_load_ps(col + i * PIX_PAD + p), acc);
                const __mmask16 live = p + 16 < PIX_PAD ? (__mmask16)0xffff : last;
                _mm512_mask_storeu_ps(out + (n * O + o) * PIX + p, live, acc);
            }
    }
}
