#include <cuda_runtime.h>
struct Node { float value; int next; };
__device__ int fact(int n) { return n <= 1 ? 1 : n * fact(n - 1); }
__global__ void weird(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  Node node; node.value = x[i]; node.next = i;
  y[i] = node.value * fact(i % 5);
}
extern "C" void run_weird(const float* x, float* y, int n) {
  float *dx, *dy;
  cudaMalloc(&dx, n * 4); cudaMalloc(&dy, n * 4);
  cudaMemcpy(dx, x, n * 4, cudaMemcpyHostToDevice);
  weird<<<(n + 31) / 32, 32>>>(dx, dy, n);
  cudaMemcpy(y, dy, n * 4, cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dy);
}
