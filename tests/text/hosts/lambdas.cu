// Device lambdas: passed on to a kernel, and kept in a variable first.
#include <cuda_runtime.h>
template <typename F>
__global__ void for_each_index(int n, F f) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) f(i);
}
template <typename F>
void parallel_for(int n, F f) {
  for_each_index<<<64, 128>>>(n, f);
}
extern "C" void axpy(const float* h_x, float* h_y, int n, float a) {
  float *dx, *dy;
  cudaMalloc(&dx, n * sizeof(float)); cudaMalloc(&dy, n * sizeof(float));
  cudaMemcpy(dx, h_x, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dy, h_y, n * sizeof(float), cudaMemcpyHostToDevice);
  const float twice = 2.0f * a;
  parallel_for(n, [=] __device__ (int i) { dy[i] += a * dx[i]; });
  auto square = [dy, twice] __device__ (int i) { dy[i] = dy[i] * dy[i] * twice; };
  for_each_index<<<16, 256>>>(n, square);
  cudaMemcpy(h_y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dy);
}
