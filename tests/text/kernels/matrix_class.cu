#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

class Matrix {
 public:
  __device__ Matrix(float* d, int r, int c) : data(d), rows(r), cols(c) {}
  __device__ float& operator()(int r, int c) { return data[r * cols + c]; }
  __device__ float at(int r, int c) const { return data[r * cols + c]; }
  __device__ int size() const { return rows * cols; }
 private:
  float* data; int rows, cols;
};
__global__ void k(float* x, float* y, int n) {
  Matrix a(x, n, 8), b(y, 8, n);
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < a.size(); i += blockDim.x * gridDim.x) b(i % 8, i / 8) = a.at(i / 8, i % 8) + 1.0f;
}
extern "C" void run(float* x, float* y, int n) {
  float* d_x;
  cudaMalloc(&d_x, (8 * n) * sizeof(float));
  cudaMemcpy(d_x, x, (8 * n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_y;
  cudaMalloc(&d_y, (8 * n) * sizeof(float));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (8 * n) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
