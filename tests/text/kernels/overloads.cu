#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

namespace math { namespace detail { template <typename T> __device__ T sq(T v) { return v * v; } }
__device__ float norm(float a) { return fabsf(a); }
__device__ float norm(float2 a) { return sqrtf(detail::sq(a.x) + detail::sq(a.y)); }
__device__ float norm(float a, float b, float c = 1.0f) { return a + b + c; } }
using math::norm;
template <typename... Ts> __device__ float sum_all(Ts... v) { return (v + ...); }
template <typename T> __device__ void swap2(T& a, T& b) { T t(a); a = b; b = t; }
__global__ void k(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float a = norm(x[i]), b = norm(make_float2(x[i], 2.f));
  swap2(a, b);
  y[i] = norm(a, b) + sum_all(a, b, 1.0f) - max(a, max(b, 0.5f));
}
extern "C" void run(const float* x, float* y, int n) {
  float* d_x;
  cudaMalloc(&d_x, (n) * sizeof(float));
  cudaMemcpy(d_x, x, (n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_y;
  cudaMalloc(&d_y, (n) * sizeof(float));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
