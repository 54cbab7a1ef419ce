// Single-precision GEMM with register blocking. A workgroup of 256 threads computes a 64 x 64 tile of C,
// 4 x 4 elements per thread; panels of 16 columns of A (stored transposed) and 16 rows of B pass
// through the LDS with float4 loads.
// shapes: 1024_128_128
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define HIP_CHECK(call)                                                             \
    do {                                                                            \
        const hipError_t e_ = (call);                                               \
        if (e_ != hipSuccess) {                                                     \
            std::fprintf(stderr, "HIP error %d at line %d\n", (int)e_, __LINE__);   \
            std::exit(1);                                                           \
        }                                                                           \
    } while (false)

constexpr int M = 1024;
constexpr int K = 128;
constexpr int N = 128;

constexpr int BM = 64;   // rows of C per workgroup
constexpr int BN = 64;   // columns of C per workgroup
constexpr int BK = 16;   // depth of a panel
constexpr int TM = 4;
constexpr int TN = 4;
constexpr int PAD = 4;   // keeps float4 alignment in the LDS

static_assert(M % BM == 0 && N % BN == 0 && K % BK == 0);

__global__ void __launch_bounds__(256) sgemm_64x64(const float* __restrict__ A, const float* __restrict__ B,
                                                   float* __restrict__ C)
{
    __shared__ float As[BK][BM + PAD];
    __shared__ float Bs[BK][BN + PAD];

    const int tid = threadIdx.x;
    const int m0 = blockIdx.x * BM;
    const int n0 = blockIdx.y * BN;

    // 64 rows x 4 float4 of A, 16 rows x 16 float4 of B: one each per thread.
    const int a_row = tid >> 2, a_col = (tid & 3) << 2;
    const int b_row = tid >> 4, b_col = (tid & 15) << 2;
    const int tm = (tid >> 4) * TM;
    const int tn = (tid & 15) * TN;

    float acc[TM][TN] = {};

    for (int k0 = 0; k0 < K; k0 += BK) {
        const float4 va = *reinterpret_cast<const float4*>(&A[(m0 + a_row) * K + k0 + a_col]);
        const float4 vb = *reinterpret_cast<const float4*>(&B[(k0 + b_row) * N + n0 + b_col]);
        As[a_col + 0][a_row] = va.x;
        As[a_col + 1][a_row] = va.y;
        As[a_col + 2][a_row] = va.z;
        As[a_col + 3][a_row] = va.w;
        *reinterpret_cast<float4*>(&Bs[b_row][b_col]) = vb;
        __syncthreads();

        for (int k = 0; k < BK; ++k) {
            float ra[TM], rb[TN];
            for (int i = 0; i < TM; ++i) ra[i] = As[k][tm + i];
            for (int j = 0; j < TN; ++j) rb[j] = Bs[k][tn + j];
            for (int i = 0; i < TM; ++i)
                for (int j = 0; j < TN; ++j) acc[i][j] += ra[i] * rb[j];
        }
        __syncthreads();
    }

    for (int i = 0; i < TM; ++i) {
        float4 out = {acc[i][0], acc[i][1], acc[i][2], acc[i][3]};
        *reinterpret_cast<float4*>(&C[(m0 + tm + i) * N + n0 + tn]) = out;
    }
}

extern "C" void gemm(const float* A, const float* B, float* C)
{
    float *dA, *dB, *dC;
    HIP_CHECK(hipMalloc(&dA, sizeof(float) * M * K));
    HIP_CHECK(hipMalloc(&dB, sizeof(float) * K * N));
    HIP_CHECK(hipMalloc(&dC, sizeof(float) * M * N));
    HIP_CHECK(hipMemcpy(dA, A, sizeof(float) * M * K, hipMemcpyHostToDevice));
    HIP_CHECK(hipMemcpy(dB, B, sizeof(float) * K * N, hipMemcpyHostToDevice));

    sgemm_64x64<<<dim3(M / BM, N / BN), 256>>>(dA, dB, dC);
    HIP_CHECK(hipGetLastError());

    HIP_CHECK(hipMemcpy(C, dC, sizeof(float) * M * N, hipMemcpyDeviceToHost));
    HIP_CHECK(hipFree(dA));
    HIP_CHECK(hipFree(dB));
    HIP_CHECK(hipFree(dC));
}
