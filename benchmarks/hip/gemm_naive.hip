// Reference SGEMM: one thread per element of C, row-major, any size.
// shapes: 32_32_128
#include <hip/hip_runtime.h>

#include <cstdio>

constexpr int M = 32;
constexpr int K = 32;
constexpr int N = 128;

inline int ceil_div(int a, int b) { return (a + b - 1) / b; }

__global__ void sgemm_naive(int m, int n, int k, const float* A, const float* B, float* C)
{
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    const int col = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= m || col >= n) return;

    float acc = 0.0f;
    for (int p = 0; p < k; ++p)
        acc += A[row * k + p] * B[p * n + col];
    C[row * n + col] = acc;
}

extern "C" void gemm(const float* A, const float* B, float* C)
{
    float *dA, *dB, *dC;
    hipMalloc(&dA, M * K * sizeof(float));
    hipMalloc(&dB, K * N * sizeof(float));
    hipMalloc(&dC, M * N * sizeof(float));
    hipMemcpy(dA, A, M * K * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(dB, B, K * N * sizeof(float), hipMemcpyHostToDevice);

    dim3 threads(64, 4);
    dim3 blocks(ceil_div(N, threads.x), ceil_div(M, threads.y));
    sgemm_naive<<<blocks, threads>>>(M, N, K, dA, dB, dC);

    hipError_t err = hipGetLastError();
    if (err != hipSuccess)
        printf("sgemm_naive: %s\n", hipGetErrorString(err));

    hipMemcpy(C, dC, M * N * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(dA);
    hipFree(dB);
    hipFree(dC);
}
