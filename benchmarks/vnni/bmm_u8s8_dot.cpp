/*
 * Batched 8-bit product: transpose each right-hand matrix, then one vpdpbusd per 64 bytes of two
 * rows. Four columns are reduced together, their sums collected by unpacking instead of four
 * separate horizontal additions.
 */
// shapes: 1_128_256_512 4_128_256_512
#include <immintrin.h>
#include <stdint.h>
#include <stdlib.h>

#define B 1
#define M 128
#define K 256
#define N 512

/* sums of the sixteen lanes of each of four registers */
static inline __m128i reduce4(__m512i s0, __m512i s1, __m512i s2, __m512i s3)
{
    const __m512i t0 = _mm512_add_epi32(_mm512_unpacklo_epi32(s0, s1), _mm512_unpackhi_epi32(s0, s1));
    const __m512i t1 = _mm512_add_epi32(_mm512_unpacklo_epi32(s2, s3), _mm512_unpackhi_epi32(s2, s3));
    const __m512i t = _mm512_add_epi32(_mm512_unpacklo_epi64(t0, t1), _mm512_unpackhi_epi64(t0, t1));
    const __m256i h = _mm256_add_epi32(_mm512_castsi512_si256(t), _mm512_extracti64x4_epi64(t, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(h), _mm256_extracti128_si256(h, 1));
}

extern "C" void bmm(const uint8_t *A, const int8_t *W, int32_t *C)
{
    int8_t *T = (int8_t *)aligned_alloc(64, N * K);

    for (int b = 0; b < B; b++) {
        for (int n = 0; n < N; n++)
            for (int k = 0; k < K; k++)
                T[n * K + k] = W[(b * K + k) * N + n];

        #pragma omp parallel for
        for (int m = 0; m < M; m++) {
            const uint8_t *a = A + (b * M + m) * K;
            for (int n = 0; n < N; n += 4) {
                const int8_t *t = T + n * K;
                __m512i s0 = _mm512_setzero_si512(), s1 = _mm512_setzero_si512();
                __m512i s2 = _mm512_setzero_si512(), s3 = _mm512_setzero_si512();
                for (int k = 0; k < K; k += 64) {
                    const __m512i av = _mm512_loadu_si512(a + k);
                    s0 = _mm512_dpbusd_epi32(s0, av, _mm512_load_si512(t + k));
                    s1 = _mm512_dpbusd_epi32(s1, av, _mm512_load_si512(t + K + k));
                    s2 = _mm512_dpbusd_epi32(s2, av, _mm512_load_si512(t + 2 * K + k));
                    s3 = _mm512_dpbusd_epi32(s3, av, _mm512_load_si512(t + 3 * K + k));
                }
                _mm_storeu_si128((__m128i *)(C + (b * M + m) * N + n), reduce4(s0, s1, s2, s3));
            }
        }
    }
    free(T);
}
