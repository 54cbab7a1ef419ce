#include <cuda_runtime.h>
#include <cmath>
__global__ void scan_step(const int* in, int* out, int n, int d) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = i >= d ? in[i] + in[i - d] : in[i];
}
extern "C" void inclusive_scan(const int* h_in, int* h_out, int n) {
  int *a, *b;
  cudaMalloc(&a, n * sizeof(int));
  cudaMalloc(&b, n * sizeof(int));
  cudaMemcpy(a, h_in, n * sizeof(int), cudaMemcpyHostToDevice);
  const int T = 128;
  int G = (n + T - 1) / T;
  for (int d = 1; d < n; d <<= 1) {
    scan_step<<<G, T>>>(a, b, n, d);
    std::swap(a, b);
  }
  cudaMemcpy(h_out, a, n * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(a);
  cudaFree(b);
}
