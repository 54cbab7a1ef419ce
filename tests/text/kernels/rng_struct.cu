#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

struct Rng { uint32_t s; __device__ explicit Rng(uint32_t seed) : s(seed * 747796405u + 2891336453u) {} 
  __device__ uint32_t next() { s ^= s << 13; s ^= s >> 17; s ^= s << 5; return s; }
  __device__ float uniform() { return (next() >> 8) * (1.0f / 16777216.0f); } };
__global__ void k(float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Rng rng(i + 1);
  int inside = 0;
  for (int s = 0; s < 32; ++s) { float a = rng.uniform(), b = rng.uniform(); inside += (a * a + b * b < 1.0f); }
  y[i] = inside / 8.0f;
}
extern "C" void run(float* y, int n) {
  float* d_y;
  cudaMalloc(&d_y, (n) * sizeof(float));
  k<<<(n + 63) / 64, 64>>>(d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_y);
}
