#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

__global__ void k(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const float* rows[3] = { x, x + n, x + 2 * n };
  float s = 0;
  for (int r = 0; r < 3; ++r) s += rows[r][i] * (r + 1);
  y[i] = s;
}
extern "C" void run(const float* x, float* y, int n) {
  float* d_x;
  cudaMalloc(&d_x, (3 * n) * sizeof(float));
  cudaMemcpy(d_x, x, (3 * n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_y;
  cudaMalloc(&d_y, (n) * sizeof(float));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
