/*
 * K x K maximum as a vertical maximum followed by a horizontal one: the rows under an output row
 * are folded into one line of W * C floats, which the K columns of every window then share.
 */
// shapes: 4_8_8_64_3_3_2_2 5_112_112_64_3_3_2_2 5_32_32_64_5_5_3_3
#include <immintrin.h>
#include <string.h>

#define N 4
#define H 8
#define W 8
#define C 64
#define K 3
#define S 2
#define OH ((H - K) / S + 1)
#define OW ((W - K) / S + 1)
#define LINE (W * C)

static void fold_line(float *acc, const float *row)
{
    for (int i = 0; i < LINE; i += 16)
        _mm512_store_ps(acc + i, _mm512_max_ps(_mm512_load_ps(acc + i), _mm512_loadu_ps(row + i)));
}

extern "C" void maxpool(const float *in, float *out)
{
    #pragma omp parallel for collapse(2)
    for (int n = 0; n < N; n++) {
        for (int oh = 0; oh < OH; oh++) {
            alignas(64) float line[LINE];
            const float *rows = in + (n * H + oh * S) * LINE;

            memcpy(line, rows, sizeof line);
            for (int kh = 1; kh < K; kh++)
                fold_line(line, rows + kh * LINE);

            for (int ow = 0; ow < OW; ow++)
                for (int c = 0; c < C; c += 16) {
                    const float *p = line + ow * S * C + c;
                    __m512 m = _mm512_load_ps(p);
                    for (int kw = 1; kw < K; kw++)
                        m = _mm512_max_ps(m, _mm512_load_ps(p + kw * C));
                    _mm512_storeu_ps(out + ((n * OH + oh) * OW + ow) * C + c, m);
                }
        }
    }
}
