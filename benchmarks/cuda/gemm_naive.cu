// Single-precision matrix product C = A * B, one thread per element of C. Columns run along threadIdx.x, so loads of
// B and stores of C are coalesced.
// shapes: 32_32_128 1024_16_128
#include <cuda_runtime.h>

#define M 32
#define K 32
#define N 128

#define CEIL_DIV(a, b) (((a) + (b) - 1) / (b))

__global__ void sgemm_naive(int m, int n, int k, const float *A, const float *B, float *C) {
  const uint row = blockIdx.y * blockDim.y + threadIdx.y;
  const uint col = blockIdx.x * blockDim.x + threadIdx.x;

  if (row < m && col < n) {
    float tmp = 0.0;
    for (int i = 0; i < k; ++i) {
      tmp += A[row * k + i] * B[i * n + col];
    }
    C[row * n + col] = tmp;
  }
}

extern "C" void gemm(const float *A, const float *B, float *C) {
  float *dA, *dB, *dC;
  cudaMalloc((void **)&dA, sizeof(float) * M * K);
  cudaMalloc((void **)&dB, sizeof(float) * K * N);
  cudaMalloc((void **)&dC, sizeof(float) * M * N);
  cudaMemcpy(dA, A, sizeof(float) * M * K, cudaMemcpyHostToDevice);
  cudaMemcpy(dB, B, sizeof(float) * K * N, cudaMemcpyHostToDevice);

  dim3 gridDim(CEIL_DIV(N, 32), CEIL_DIV(M, 8));
  dim3 blockDim(32, 8);
  sgemm_naive<<<gridDim, blockDim>>>(M, N, K, dA, dB, dC);
  cudaDeviceSynchronize();

  cudaMemcpy(C, dC, sizeof(float) * M * N, cudaMemcpyDeviceToHost);
  cudaFree(dA);
  cudaFree(dB);
  cudaFree(dC);
}
