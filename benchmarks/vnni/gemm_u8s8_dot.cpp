/*
 * 8-bit GEMM by dot products: the signed operand is transposed once, then every C[m][n] is the
 * product of two contiguous byte rows, 64 at a time. The last K % 64 bytes are loaded under a mask;
 * masked bytes are zero and add nothing.
 */
// shapes: 32_32_1024
#include <immintrin.h>
#include <stdint.h>

#define M 32
#define K 32
#define N 1024

static int8_t Bt[N][K];

static int32_t dot_u8s8(const uint8_t *u, const int8_t *s)
{
    __m512i acc = _mm512_setzero_si512();
    int k = 0;

    for (; k + 64 <= K; k += 64)
        acc = _mm512_dpbusd_epi32(acc, _mm512_loadu_si512(u + k), _mm512_loadu_si512(s + k));

    if (k < K) {
        const __mmask64 tail = ((__mmask64)1 << (K - k)) - 1;
        acc = _mm512_dpbusd_epi32(acc, _mm512_maskz_loadu_epi8(tail, u + k),
                                  _mm512_maskz_loadu_epi8(tail, s + k));
    }
    return _mm512_reduce_add_epi32(acc);
}

extern "C" void gemm(const uint8_t *A, const int8_t *B, int32_t *C)
{
    for (int k = 0; k < K; k++)
        for (int n = 0; n < N; n++)
            Bt[n][k] = B[k * N + n];

#pragma omp parallel for collapse(2)
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++)
            C[m * N + n] = dot_u8s8(A + m * K, Bt[n]);
}
