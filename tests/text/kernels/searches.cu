#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

__device__ int lower_bound(const float* a, int n, float v) {
  int lo = 0, hi = n;
  while (lo < hi) { int mid = (lo + hi) >> 1; if (a[mid] < v) lo = mid + 1; else hi = mid; }
  return lo;
}
__device__ int find(const float* a, int n, float v) {
  for (int i = 0; i < n; ++i) { if (a[i] == v) return i; if (a[i] > v + 100.f) break; }
  return -1;
}
__global__ void k(const float* x, const float* a, int* y, int* z, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  y[i] = lower_bound(a, 32, x[i]);
  z[i] = find(a, 32, x[i]);
}
extern "C" void run(const float* x, const float* a, int* y, int* z, int n) {
  float* d_x;
  cudaMalloc(&d_x, (n) * sizeof(float));
  cudaMemcpy(d_x, x, (n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_a;
  cudaMalloc(&d_a, (32) * sizeof(float));
  cudaMemcpy(d_a, a, (32) * sizeof(float), cudaMemcpyHostToDevice);
  int* d_y;
  cudaMalloc(&d_y, (n) * sizeof(int));
  int* d_z;
  cudaMalloc(&d_z, (n) * sizeof(int));
  k<<<(n + 63) / 64, 64>>>(d_x, d_a, d_y, d_z, n);
  cudaMemcpy(y, d_y, (n) * sizeof(int), cudaMemcpyDeviceToHost);
  cudaMemcpy(z, d_z, (n) * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_a);
  cudaFree(d_y);
  cudaFree(d_z);
}
