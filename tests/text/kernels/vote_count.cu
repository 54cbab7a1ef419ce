#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

__global__ void k(const int* x, int* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int v = i < n ? x[i] : 0;
  unsigned m = __ballot_sync(0xffffffffu, v > 0);
  int lane = threadIdx.x & 31;
  int before = __popc(m & ((1u << lane) - 1));
  int any = __any_sync(0xffffffffu, v > 900);
  int cnt = __syncthreads_count(v > 0);
  int orr = __syncthreads_or(v > 990);
  if (i < n) y[i] = before + 100 * any + 1000 * cnt + 1000000 * (orr != 0);
}
extern "C" void run(const int* x, int* y, int n) {
  int* d_x;
  cudaMalloc(&d_x, (n) * sizeof(int));
  cudaMemcpy(d_x, x, (n) * sizeof(int), cudaMemcpyHostToDevice);
  int* d_y;
  cudaMalloc(&d_y, (n) * sizeof(int));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
