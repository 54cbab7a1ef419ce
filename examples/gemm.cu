// C = A * B in float, row-major, sizes fixed at compile time.
// A 16 x 16 block owns a 16 x 16 tile of C and walks K in steps of 16 through shared memory.
#include <cuda_runtime.h>

constexpr int M = 128;
constexpr int N = 128;
constexpr int K = 128;
constexpr int TILE = 16;

__global__ void gemm_kernel(const float* __restrict__ A, const float* __restrict__ B,
                            float* __restrict__ C) {
  __shared__ float a_tile[TILE][TILE];
  __shared__ float b_tile[TILE][TILE];
  const int tx = threadIdx.x;
  const int ty = threadIdx.y;
  const int row = blockIdx.y * TILE + ty;
  const int col = blockIdx.x * TILE + tx;

  float sum = 0.0f;
  for (int k0 = 0; k0 < K; k0 += TILE) {
    a_tile[ty][tx] = A[row * K + k0 + tx];
    b_tile[ty][tx] = B[(k0 + ty) * N + col];
    __syncthreads();
#pragma unroll
    for (int k = 0; k < TILE; ++k) {
      sum += a_tile[ty][k] * b_tile[k][tx];
    }
    __syncthreads();
  }
  C[row * N + col] = sum;
}

extern "C" void gemm(const float* A, const float* B, float* C) {
  float *d_a, *d_b, *d_c;
  cudaMalloc(&d_a, M * K * sizeof(float));
  cudaMalloc(&d_b, K * N * sizeof(float));
  cudaMalloc(&d_c, M * N * sizeof(float));
  cudaMemcpy(d_a, A, M * K * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(d_b, B, K * N * sizeof(float), cudaMemcpyHostToDevice);

  dim3 grid(N / TILE, M / TILE);
  dim3 block(TILE, TILE);
  gemm_kernel<<<grid, block>>>(d_a, d_b, d_c);

  cudaMemcpy(C, d_c, M * N * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_a);
  cudaFree(d_b);
  cudaFree(d_c);
}
