#include <cuda_runtime.h>
#define BINS 16
__device__ unsigned int d_hist[BINS];
__global__ void hist(const unsigned char* data, int n) {
  __shared__ unsigned int s[BINS];
  if (threadIdx.x < BINS) s[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) atomicAdd(&s[data[i] & 15], 1u);
  __syncthreads();
  if (threadIdx.x < BINS) atomicAdd(&d_hist[threadIdx.x], s[threadIdx.x]);
}
extern "C" void histogram(const unsigned char* h_data, unsigned int* h_hist, int n) {
  unsigned char* d_data;
  unsigned int* p;
  cudaMalloc((void**)&d_data, n);
  cudaMemcpy(d_data, h_data, n, cudaMemcpyHostToDevice);
  cudaGetSymbolAddress((void**)&p, d_hist);
  cudaMemset(p, 0, BINS * sizeof(unsigned int));
  hist<<<8, 64>>>(d_data, n);
  cudaMemcpy(h_hist, p, BINS * sizeof(unsigned int), cudaMemcpyDeviceToHost);
  cudaFree(d_data);
}
