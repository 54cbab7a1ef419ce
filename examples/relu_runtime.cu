// y = max(x, 0) for any n: the grid is computed from n and the last block is guarded.
#include <cuda_runtime.h>

__global__ void relu_kernel(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    y[i] = x[i] > 0.0f ? x[i] : 0.0f;
  }
}

extern "C" void relu(const float* x, float* y, int n) {
  float *d_x, *d_y;
  cudaMalloc((void**)&d_x, n * sizeof(float));
  cudaMalloc((void**)&d_y, n * sizeof(float));
  cudaMemcpy(d_x, x, n * sizeof(float), cudaMemcpyHostToDevice);

  int block = 128;
  int grid = (n + block - 1) / block;
  relu_kernel<<<grid, block>>>(d_x, d_y, n);
  cudaDeviceSynchronize();

  cudaMemcpy(y, d_y, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
