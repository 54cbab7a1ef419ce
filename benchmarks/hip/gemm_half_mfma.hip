// Mixed-precision GEMM, half x half -> float, one wavefront per 16 x 16 tile of C.
// v_mfma_f32_16x16x16f16: lane (x, y) of a 16 x 4 workgroup holds four consecutive k of row x of A and of
// column x of B; its four results are rows 4y .. 4y+3 of column x.
// shapes: 32_128_128 1024_16_1024
#include <hip/hip_fp16.h>
#include <hip/hip_runtime.h>

constexpr int M = 32;
constexpr int K = 128;
constexpr int N = 128;

using float16_t = _Float16;
using float16x4 = __attribute__((__vector_size__(4 * sizeof(float16_t)))) float16_t;
using floatx4 = __attribute__((__vector_size__(4 * sizeof(float)))) float;

__global__ void hgemm_16x16x16(const float16_t* A, const float16_t* B, float* C)
{
    const int x = threadIdx.x;
    const int y = threadIdx.y;
    const int row0 = 16 * blockIdx.y;
    const int col0 = 16 * blockIdx.x;

    floatx4 acc = {0};
    for (int k0 = 0; k0 < K; k0 += 16) {
        // Four consecutive halves of a row of A: one 8-byte load.
        const float16x4 a = *(const float16x4*)&A[(row0 + x) * K + k0 + 4 * y];
        float16x4 b;
        for (int j = 0; j < 4; ++j)
            b[j] = B[(k0 + 4 * y + j) * N + col0 + x];
        acc = __builtin_amdgcn_mfma_f32_16x16x16f16(a, b, acc, 0, 0, 0);
    }

    for (int j = 0; j < 4; ++j)
        C[(row0 + 4 * y + j) * N + col0 + x] = acc[j];
}

extern "C" void gemm(const float16_t* A, const float16_t* B, float* C)
{
    float16_t *A_d, *B_d;
    float* C_d;
    hipMalloc(&A_d, M * K * sizeof(float16_t));
    hipMalloc(&B_d, K * N * sizeof(float16_t));
    hipMalloc(&C_d, M * N * sizeof(float));
    hipMemcpy(A_d, A, M * K * sizeof(float16_t), hipMemcpyHostToDevice);
    hipMemcpy(B_d, B, K * N * sizeof(float16_t), hipMemcpyHostToDevice);

    hgemm_16x16x16<<<dim3(N / 16, M / 16), dim3(16, 4)>>>(A_d, B_d, C_d);
    hipDeviceSynchronize();

    hipMemcpy(C, C_d, M * N * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(A_d);
    hipFree(B_d);
    hipFree(C_d);
}
