#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

__global__ void k(const float* a, const float* b, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  const float* src = (blockIdx.x & 1) ? a : b;
  if (i < n) y[i] = src[i] * 2.0f;
}
extern "C" void run(const float* a, const float* b, float* y, int n) {
  float* d_a;
  cudaMalloc(&d_a, (n) * sizeof(float));
  cudaMemcpy(d_a, a, (n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_b;
  cudaMalloc(&d_b, (n) * sizeof(float));
  cudaMemcpy(d_b, b, (n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_y;
  cudaMalloc(&d_y, (n) * sizeof(float));
  k<<<(n + 63) / 64, 64>>>(d_a, d_b, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_a);
  cudaFree(d_b);
  cudaFree(d_y);
}
