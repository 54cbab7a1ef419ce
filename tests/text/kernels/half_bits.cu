#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

#include <cuda_fp16.h>
union H2 { half2 h; uint32_t u; half v[2]; };
__global__ void k(const half* x, half* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (2 * i >= n) return;
  H2 a; a.h = ((const half2*)x)[i];
  a.u ^= 0x80008000u;
  uint32_t raw = *reinterpret_cast<const uint32_t*>(&x[2 * i]);
  half lo = __ushort_as_half((unsigned short)(raw & 0xffff));
  y[2 * i] = __hadd(a.v[0], lo);
  y[2 * i + 1] = a.v[1];
}
extern "C" void run(const half* x, half* y, int n) {
  half* d_x;
  cudaMalloc(&d_x, (n) * sizeof(half));
  cudaMemcpy(d_x, x, (n) * sizeof(half), cudaMemcpyHostToDevice);
  half* d_y;
  cudaMalloc(&d_y, (n) * sizeof(half));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(half), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
