/*
 * Attention in the manner of FlashAttention on a CPU: keys and values are visited in tiles of TILE,
 * running maximum and denominator per query, and the accumulated output is rescaled when the
 * maximum moves. No S x S matrix is ever stored.
 */
// shapes: 1_256_16_64 1_512_8_64 4_64_4_32
#include <immintrin.h>
#include <math.h>

#define B 1
#define S 256
#define H 16
#define D 64

#define TILE 32
#define DV (D / 16)

static_assert(S % TILE == 0, "tiles are full");

extern "C" void mha(const float *Q, const float *K, const float *V, float *O)
{
    const float inv_sqrt_d = 1.0f / sqrtf((float)D);

    #pragma omp parallel for collapse(3) schedule(dynamic, 8)
    for (int b = 0; b < B; b++)
    for (int h = 0; h < H; h++)
    for (int i = 0; i < S; i++) {
        const float *q = Q + ((b * S + i) * H + h) * D;
        float m = -INFINITY, l = 0.0f;
        __m512 o[DV];

        for (int t = 0; t < DV; t++)
            o[t] = _mm512_setzero_ps();

        for (int j0 = 0; j0 < S; j0 += TILE) {
            float p[TILE];
            float tile_max = -INFINITY;

            for (int j = 0; j < TILE; j++) {
                const float *k = K + ((b * S + j0 + j) * H + h) * D;
                __m512 acc = _mm512_setzero_ps();
                for (int t = 0; t < DV; t++)
                    acc = _mm512_fmadd_ps(_mm512_loadu_ps(q + t * 16), _mm512_loadu_ps(k + t * 16), acc);
                p[j] = _mm512_reduce_add_ps(acc) * inv_sqrt_d;
                tile_max = fmaxf(tile_max, p[j]);
            }

            const float m_new = fmaxf(m, tile_max);
            const float alpha = expf(m - m_new);
            l *= alpha;
            for (int t = 0; t < DV; t++)
                o[t] = _mm512_mul_ps(o[t], _mm512_set1_ps(alpha));

            for (int j = 0; j < TILE; j++) {
                const float *v = V + ((b * S + j0 + j) * H + h) * D;
                const float w = expf(p[j] - m_new);
                l += w;
                for (int t = 0; t < DV; t++)
                    o[t] = _mm512_fmadd_ps(_mm512_set1_ps(w), _mm512_loadu_ps(v + t * 16), o[t]);
            }
            m = m_new;
        }

        float *out = O + ((b * S + i) * H + h) * D;
        const __m512 norm = _mm512_set1_ps(1.0f / l);
        for (int t = 0; t < DV; t++)
            _mm512_storeu_ps(out + t * 16, _mm512_mul_ps(o[t], norm));
    }
}
