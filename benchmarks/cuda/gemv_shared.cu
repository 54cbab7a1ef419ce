// y = A * x with the vector passed through shared memory in chunks of a block, one row per thread.
// shapes: 112_128 112_224
#include <cuda_runtime.h>

constexpr int M = 112;
constexpr int N = 128;
constexpr int BLOCK = 64;

__global__ void gemv_shared(const float* A, const float* x, float* y)
{
    __shared__ float xs[BLOCK];
    const int row = blockIdx.x * BLOCK + threadIdx.x;

    float acc = 0.0f;
    for (int base = 0; base < N; base += BLOCK) {
        // The last chunk may be short.
        const int col = base + threadIdx.x;
        xs[threadIdx.x] = col < N ? x[col] : 0.0f;
        __syncthreads();

        if (row < M) {
            const int len = min(BLOCK, N - base);
            for (int j = 0; j < len; ++j)
                acc = fmaf(A[row * N + base + j], xs[j], acc);
        }
        __syncthreads();
    }

    if (row < M)
        y[row] = acc;
}

extern "C" void gemv(const float* A, const float* x, float* y)
{
    float *A_d, *x_d, *y_d;
    cudaMalloc((void**)&A_d, M * N * sizeof(float));
    cudaMalloc((void**)&x_d, N * sizeof(float));
    cudaMalloc((void**)&y_d, M * sizeof(float));
    cudaMemcpy(A_d, A, M * N * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(x_d, x, N * sizeof(float), cudaMemcpyHostToDevice);

    dim3 grid((M + BLOCK - 1) / BLOCK);
    gemv_shared<<<grid, BLOCK>>>(A_d, x_d, y_d);
    cudaDeviceSynchronize();

    cudaMemcpy(y, y_d, M * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(A_d);
    cudaFree(x_d);
    cudaFree(y_d);
}
