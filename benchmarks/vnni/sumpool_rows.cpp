/*
 * Sum pooling by column sums: the K input rows under an output row are added into a line buffer,
 * which every window of the row then sums over K columns. 2K additions an output instead of K * K.
 */
// shapes: 4_35_35_192_5_5_2_2 5_112_112_64_3_3_2_2
#include <immintrin.h>

#define N 4
#define H 35
#define W 35
#define C 192
#define K 5
#define S 2
#define OH ((H - K) / S + 1)
#define OW ((W - K) / S + 1)

static inline void add_to(float *acc, const float *v, int n)
{
    for (int i = 0; i < n; i += 16)
        _mm512_storeu_ps(acc + i, _mm512_add_ps(_mm512_loadu_ps(acc + i), _mm512_loadu_ps(v + i)));
}

static inline void zero(float *acc, int n)
{
    for (int i = 0; i < n; i += 16)
        _mm512_storeu_ps(acc + i, _mm512_setzero_ps());
}

extern "C" void sumpool(const float *input, float *output)
{
    #pragma omp parallel for
    for (int r = 0; r < N * OH; r++) {
        const float *in = input + (r / OH * H + r % OH * S) * W * C;
        float *out = output + r * OW * C;
        float line[W * C];

        zero(line, W * C);
        for (int k = 0; k < K; k++)
            add_to(line, in + k * W * C, W * C);

        for (int w = 0; w < OW; w++) {
            zero(out + w * C, C);
            for (int k = 0; k < K; k++)
                add_to(out + w * C, line + (w * S + k) * C, C);
        }
    }
}
