#include <cuda_runtime.h>
__global__ void axpy(const float* x, float* y, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] += x[i]; }
extern "C" void two_phase(const float* a, const float* b, float* mid, float* out, int n) {
  float *d_x, *d_y;
  cudaMalloc(&d_x, n * sizeof(float));
  cudaMalloc(&d_y, n * sizeof(float));
  cudaMemset(d_y, 0, n * sizeof(float));
  cudaMemcpy(d_x, a, n * sizeof(float), cudaMemcpyHostToDevice);
  axpy<<<(n + 255) / 256, 256>>>(d_x, d_y, n);
  cudaMemcpy(mid, d_y, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(d_x, b, n * sizeof(float), cudaMemcpyHostToDevice);
  axpy<<<(n + 255) / 256, 256>>>(d_x, d_y, n);
  cudaMemcpy(out, d_y, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
