// C = A * B, unsigned 8-bit x signed 8-bit -> 32-bit, row-major.
// There is no dp4a of mixed signs, so the products are formed in int; byte tiles go through shared
// memory.
#include <cuda_runtime.h>
#include <stdint.h>

constexpr int M = 128;
constexpr int N = 128;
constexpr int K = 128;
constexpr int TILE = 16;

__global__ void gemm_kernel(const uint8_t* __restrict__ A, const int8_t* __restrict__ B,
                            int32_t* __restrict__ C) {
  __shared__ uint8_t a_tile[TILE][TILE];
  __shared__ int8_t b_tile[TILE][TILE];
  const int row = blockIdx.y * TILE + threadIdx.y;
  const int col = blockIdx.x * TILE + threadIdx.x;

  int sum = 0;
  for (int k0 = 0; k0 < K; k0 += TILE) {
    a_tile[threadIdx.y][threadIdx.x] = A[row * K + k0 + threadIdx.x];
    b_tile[threadIdx.y][threadIdx.x] = B[(k0 + threadIdx.y) * N + col];
    __syncthreads();
    for (int k = 0; k < TILE; ++k) {
      sum += (int)a_tile[threadIdx.y][k] * (int)b_tile[k][threadIdx.x];
    }
    __syncthreads();
  }
  C[row * N + col] = sum;
}

extern "C" void gemm_u8s8(const uint8_t* A, const int8_t* B, int32_t* C) {
  uint8_t* d_a;
  int8_t* d_b;
  int32_t* d_c;
  cudaMalloc(&d_a, M * K);
  cudaMalloc(&d_b, K * N);
  cudaMalloc(&d_c, M * N * sizeof(int32_t));
  cudaMemcpy(d_a, A, M * K, cudaMemcpyHostToDevice);
  cudaMemcpy(d_b, B, K * N, cudaMemcpyHostToDevice);

  gemm_kernel<<<dim3(N / TILE, M / TILE), dim3(TILE, TILE)>>>(d_a, d_b, d_c);

  cudaMemcpy(C, d_c, M * N * sizeof(int32_t), cudaMemcpyDeviceToHost);
  cudaFree(d_a);
  cudaFree(d_b);
  cudaFree(d_c);
}
