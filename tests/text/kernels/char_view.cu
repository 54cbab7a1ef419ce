#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

__global__ void k(const uint32_t* x, uint32_t* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  uint32_t w = x[i];
  unsigned char* b = (unsigned char*)&w;
  unsigned char t = b[0]; b[0] = b[3]; b[3] = t;
  t = b[1]; b[1] = b[2]; b[2] = t;
  const uint8_t* g = (const uint8_t*)x + 4 * i;
  uint32_t sum = 0;
  for (int j = 0; j < 4; ++j) sum += g[j];
  y[i] = w ^ sum;
}
extern "C" void run(const uint32_t* x, uint32_t* y, int n) {
  uint32_t* d_x;
  cudaMalloc(&d_x, (n) * sizeof(uint32_t));
  cudaMemcpy(d_x, x, (n) * sizeof(uint32_t), cudaMemcpyHostToDevice);
  uint32_t* d_y;
  cudaMalloc(&d_y, (n) * sizeof(uint32_t));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(uint32_t), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
