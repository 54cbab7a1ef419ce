// C = A x B with a panel of B copied into an aligned buffer first, so that the inner loop walks
// through memory in order. Blocked over columns (NC) and over the reduction (KC).
// shapes: 32_128_1024
#include <immintrin.h>
#include <string.h>

#define M 32
#define K 128
#define N 1024

#define KC 64
#define NC 64

#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* panel[k][0..NC) = B[k0 + k][n0 .. n0 + NC) */
static void pack_b(const float *B, float *panel, int k0, int n0, int kc)
{
    for (int k = 0; k < kc; k++)
        for (int j = 0; j < NC; j += 16)
            _mm512_store_ps(panel + k * NC + j, _mm512_loadu_ps(B + (k0 + k) * N + n0 + j));
}

/* one row of C, four vectors wide */
static void row_times_panel(const float *a, const float *panel, float *c, int kc)
{
    __m512 c0 = _mm512_loadu_ps(c);
    __m512 c1 = _mm512_loadu_ps(c + 16);
    __m512 c2 = _mm512_loadu_ps(c + 32);
    __m512 c3 = _mm512_loadu_ps(c + 48);

    for (int k = 0; k < kc; k++) {
        const __m512 ak = _mm512_set1_ps(a[k]);
        const float *p = panel + k * NC;
        c0 = _mm512_fmadd_ps(ak, _mm512_load_ps(p), c0);
        c1 = _mm512_fmadd_ps(ak, _mm512_load_ps(p + 16), c1);
        c2 = _mm512_fmadd_ps(ak, _mm512_load_ps(p + 32), c2);
        c3 = _mm512_fmadd_ps(ak, _mm512_load_ps(p + 48), c3);
    }

    _mm512_storeu_ps(c, c0);
    _mm512_storeu_ps(c + 16, c1);
    _mm512_storeu_ps(c + 32, c2);
    _mm512_storeu_ps(c + 48, c3);
}

extern "C" void gemm(const float *A, const float *B, float *C)
{
    memset(C, 0, sizeof(float) * M * N);

#pragma omp parallel for
    for (int n0 = 0; n0 < N; n0 += NC) {
        alignas(64) float panel[KC * NC];
        for (int k0 = 0; k0 < K; k0 += KC) {
            const int kc = MIN(KC, K - k0);
            pack_b(B, panel, k0, n0, kc);
            for (int m = 0; m < M; m++)
                row_times_panel(A + m * K + k0, panel, C + m * N + n0, kc);
        }
    }
}
