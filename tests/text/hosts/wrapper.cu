#include <cuda_runtime.h>
template <typename T>
__global__ void gelu_kernel(const T* __restrict__ x, T* __restrict__ y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    T v = x[i];
    y[i] = T(0.5) * v * (T(1) + tanhf(T(0.7978845608) * (v + T(0.044715) * v * v * v)));
  }
}
void launch_gelu(float* d_y, const float* d_x, int n, cudaStream_t stream) {
  const int block = 256;
  const int grid = (n + block - 1) / block;
  gelu_kernel<float><<<grid, block, 0, stream>>>(d_x, d_y, n);
}
