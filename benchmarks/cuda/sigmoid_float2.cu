// Sigmoid through the hardware exponential, two elements per thread as float2, and a scalar tail for odd sizes.
// shapes: 7_1_6_7 5_128 8_10_64
#include <cuda_runtime.h>

constexpr int SIZE = 294;
constexpr int THREADS = 128;

__device__ __forceinline__ float fast_sigmoid(float x) { return __frcp_rn(1.0f + __expf(-x)); }

__global__ void sigmoid_f32x2(const float* __restrict__ x, float* __restrict__ y, int n) {
  const int i = 2 * (blockIdx.x * blockDim.x + threadIdx.x);
  if (i + 1 < n) {
    float2 v = *reinterpret_cast<const float2*>(x + i);
    v.x = fast_sigmoid(v.x);
    v.y = fast_sigmoid(v.y);
    *reinterpret_cast<float2*>(y + i) = v;
  } else if (i < n) {
    y[i] = fast_sigmoid(x[i]);
  }
}

extern "C" void sigmoid(const float* x, float* y) {
  float *x_d, *y_d;
  cudaMalloc(&x_d, sizeof(float) * SIZE);
  cudaMalloc(&y_d, sizeof(float) * SIZE);
  cudaMemcpy(x_d, x, sizeof(float) * SIZE, cudaMemcpyHostToDevice);
  sigmoid_f32x2<<<(SIZE + 2 * THREADS - 1) / (2 * THREADS), THREADS>>>(x_d, y_d, SIZE);
  cudaMemcpy(y, y_d, sizeof(float) * SIZE, cudaMemcpyDeviceToHost);
  cudaFree(x_d);
  cudaFree(y_d);
}
