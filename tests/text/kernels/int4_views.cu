#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

__device__ __noinline__ int sum4(int4 v) { return v.x + v.y + v.z + v.w; }
__global__ __launch_bounds__(64, 2) void k(const int* __restrict__ x, int* y, int n) {
  __shared__ __align__(16) int buf[256];
  volatile int* vb = buf;
  int4* b4 = reinterpret_cast<int4*>(buf);
  int t = threadIdx.x;
  const int4* x4 = (const int4*)(x + blockIdx.x * 256);
  b4[t] = __ldg(x4 + t);
  __syncthreads();
  int2 lo = *(int2*)&buf[4 * t];
  int s = sum4(b4[(t + 1) & 63]) + vb[t] + lo.y;
  y[blockIdx.x * 64 + t] = s;
}
extern "C" void run(const int* x, int* y, int n) {
  int* d_x;
  cudaMalloc(&d_x, (512) * sizeof(int));
  cudaMemcpy(d_x, x, (512) * sizeof(int), cudaMemcpyHostToDevice);
  int* d_y;
  cudaMalloc(&d_y, (128) * sizeof(int));
  k<<<2, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (128) * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
