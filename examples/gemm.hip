// C = A * B in float, row-major, sizes fixed at compile time.
// A workgroup of 32 x 8 threads owns a 32 x 32 tile of C, four rows of it per thread; tiles of A and
// B pass through LDS.
#include <hip/hip_runtime.h>

#define M 128
#define N 128
#define K 128
#define TILE 32
#define ROWS 8  // threads along y; each computes TILE / ROWS outputs

__global__ void gemm_kernel(const float* __restrict__ A, const float* __restrict__ B,
                            float* __restrict__ C) {
  __shared__ float a_tile[TILE][TILE];
  __shared__ float b_tile[TILE][TILE];
  const int tx = threadIdx.x;
  const int ty = threadIdx.y;
  const int row0 = blockIdx.y * TILE;
  const int col0 = blockIdx.x * TILE;

  float sum[TILE / ROWS];
  for (int i = 0; i < TILE / ROWS; ++i) {
    sum[i] = 0.0f;
  }
  for (int k0 = 0; k0 < K; k0 += TILE) {
    for (int i = ty; i < TILE; i += ROWS) {
      a_tile[i][tx] = A[(row0 + i) * K + k0 + tx];
      b_tile[i][tx] = B[(k0 + i) * N + col0 + tx];
    }
    __syncthreads();
    for (int k = 0; k < TILE; ++k) {
      const float b = b_tile[k][tx];
      for (int i = 0; i < TILE / ROWS; ++i) {
        sum[i] += a_tile[ty + i * ROWS][k] * b;
      }
    }
    __syncthreads();
  }
  for (int i = 0; i < TILE / ROWS; ++i) {
    C[(row0 + ty + i * ROWS) * N + col0 + tx] = sum[i];
  }
}

extern "C" void gemm(const float* A, const float* B, float* C) {
  float *d_a, *d_b, *d_c;
  hipMalloc(&d_a, M * K * sizeof(float));
  hipMalloc(&d_b, K * N * sizeof(float));
  hipMalloc(&d_c, M * N * sizeof(float));
  hipMemcpy(d_a, A, M * K * sizeof(float), hipMemcpyHostToDevice);
  hipMemcpy(d_b, B, K * N * sizeof(float), hipMemcpyHostToDevice);

  gemm_kernel<<<dim3(N / TILE, M / TILE), dim3(TILE, ROWS), 0, 0>>>(d_a, d_b, d_c);
  hipDeviceSynchronize();

  hipMemcpy(C, d_c, M * N * sizeof(float), hipMemcpyDeviceToHost);
  hipFree(d_a);
  hipFree(d_b);
  hipFree(d_c);
}
