// y = alpha * x, a kernel template over the element type and the block size.
#include <cuda_runtime.h>

template <typename T, int BLOCK>
__global__ void __launch_bounds__(BLOCK) scale_kernel(const T* __restrict__ x, T* __restrict__ y,
                                                      T alpha, int n) {
  for (int i = blockIdx.x * BLOCK + threadIdx.x; i < n; i += gridDim.x * BLOCK) {
    y[i] = alpha * x[i];
  }
}

extern "C" void scale(const float* x, float* y, float alpha, int n) {
  constexpr int BLOCK = 64;
  float *d_x, *d_y;
  cudaMalloc(&d_x, n * sizeof(float));
  cudaMalloc(&d_y, n * sizeof(float));
  cudaMemcpy(d_x, x, n * sizeof(float), cudaMemcpyHostToDevice);

  scale_kernel<float, BLOCK><<<(n + 2 * BLOCK - 1) / (2 * BLOCK), BLOCK>>>(d_x, d_y, alpha, n);

  cudaMemcpy(y, d_y, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
