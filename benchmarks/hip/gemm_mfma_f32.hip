// float GEMM on the matrix cores: v_mfma_f32_32x32x2f32, a 32 x 32 tile of C per wavefront.
// Operands go straight from global memory to registers. Lane l supplies A[l % 32][l / 32] and
// B[l / 32][l % 32] of each step of two along K.
// shapes: 1024_16_128
#include <hip/hip_runtime.h>

constexpr int M = 1024;
constexpr int K = 16;
constexpr int N = 128;

constexpr int WAVE = 64;

using floatx16 = __attribute__((__vector_size__(16 * sizeof(float)))) float;

__global__ void sgemm_32x32x2(const float* A, const float* B, float* D)
{
    const int lane = threadIdx.x;
    const int i = lane % 32;
    const int half = lane / 32;
    const int m = blockIdx.y * 32;
    const int n = blockIdx.x * 32;

    floatx16 d = {0};
    for (int k = 0; k < K; k += 2) {
        const float a = A[(m + i) * K + k + half];
        const float b = B[(k + half) * N + n + i];
        d = __builtin_amdgcn_mfma_f32_32x32x2f32(a, b, d, 0, 0, 0);
    }

    // Four groups of four consecutive rows, eight rows apart; the upper half of the wave is four rows lower.
    for (int g = 0; g < 4; ++g) {
        for (int r = 0; r < 4; ++r) {
            const int row = 8 * g + 4 * half + r;
            D[(m + row) * N + n + i] = d[4 * g + r];
        }
    }
}

extern "C" void gemm(const float* A, const float* B, float* D)
{
    float *A_d, *B_d, *D_d;
    hipMalloc(&A_d, M * K * sizeof(float));
    hipMalloc(&B_d, K * N * sizeof(float));
    hipMalloc(&D_d, M * N * sizeof(float));
    hipMemcpy(A_d, A, M * K * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(B_d, B, K * N * sizeof(float), hipMemcpyHostToDevice);

    const dim3 grid(N / 32, M / 32);
    const dim3 block(WAVE);
    hipLaunchKernelGGL(sgemm_32x32x2, grid, block, 0, 0, A_d, B_d, D_d);

    hipMemcpy(D, D_d, M * N * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(A_d);
    hipFree(B_d);
    hipFree(D_d);
}
