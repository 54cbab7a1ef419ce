/*
 * avg_pool2d, channels last. A block of 64 channels lives in four registers while the window is
 * read once, so every address is computed once for four loads.
 */
// shapes: 4_35_35_192_5_5_2_2 16_64_64_64_5_5_2_2 5_32_32_64_5_5_3_3
#include <immintrin.h>

#define N 4
#define H 35
#define W 35
#define C 192
#define K 5
#define S 2
#define OUT_H ((H - K) / S + 1)
#define OUT_W ((W - K) / S + 1)

#define CBLOCK 64
#define IDX(n, h, w, H_, W_) (((n) * (H_) + (h)) * (W_) + (w)) * C

static_assert(C % CBLOCK == 0, "channels come in blocks");

extern "C" void avgpool(const float *src, float *dst)
{
    const float scale = 1.0f / (float)(K * K);

    #pragma omp parallel for collapse(2)
    for (int n = 0; n < N; n++)
        for (int oh = 0; oh < OUT_H; oh++)
            for (int ow = 0; ow < OUT_W; ow++)
                for (int cb = 0; cb < C; cb += CBLOCK) {
                    __m512 s0 = _mm512_setzero_ps();
                    __m512 s1 = _mm512_setzero_ps();
                    __m512 s2 = _mm512_setzero_ps();
                    __m512 s3 = _mm512_setzero_ps();

                    for (int kh = 0; kh < K; kh++)
                        for (int kw = 0; kw < K; kw++) {
                            const float *p = &src[IDX(n, oh * S + kh, ow * S + kw, H, W) + cb];
                            s0 = _mm512_add_ps(s0, _mm512_loadu_ps(p));
                            s1 = _mm512_add_ps(s1, _mm512_loadu_ps(p + 16));
                            s2 = _mm512_add_ps(s2, _mm512_loadu_ps(p + 32));
                            s3 = _mm512_add_ps(s3, _mm512_loadu_ps(p + 48));
                        }

                    const __m512 k = _mm512_set1_ps(scale);
                    float *q = &dst[IDX(n, oh, ow, OUT_H, OUT_W) + cb];
                    _mm512_storeu_ps(q, _mm512_mul_ps(s0, k));
                    _mm512_storeu_ps(q + 16, _mm512_mul_ps(s1, k));
                    _mm512_storeu_ps(q + 32, _mm512_mul_ps(s2, k));
                    _mm512_storeu_ps(q + 48, _mm512_mul_ps(s3, k));
                }
}
