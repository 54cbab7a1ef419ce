// SGEMV with a workgroup per row: float4 loads, then a reduction that starts in the wavefronts and ends in
// the LDS with one partial sum for each of them.
// shapes: 112_224 3_512
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define HIP_CALL(f)                                                          \
  do {                                                                       \
    hipError_t rc = (f);                                                     \
    if (rc != hipSuccess) {                                                  \
      fprintf(stderr, "%s returned %s\n", #f, hipGetErrorName(rc));          \
      exit(EXIT_FAILURE);                                                    \
    }                                                                        \
  } while (0)

constexpr int M = 3;
constexpr int N = 512;

constexpr int kThreads = 128;
constexpr int kWaves = kThreads / 64;

__global__ void __launch_bounds__(kThreads) gemv_rows(const float4* __restrict__ a, const float4* __restrict__ x,
                                                      float* __restrict__ y) {
  __shared__ float wave_sums[kWaves];
  const int row = blockIdx.x;

  float sum = 0.0f;
  for (int v = threadIdx.x; v < N / 4; v += kThreads) {
    const float4 p = a[row * (N / 4) + v] * x[v];
    sum += (p.x + p.y) + (p.z + p.w);
  }
  for (int delta = 32; delta > 0; delta /= 2) sum += __shfl_down(sum, delta);
  if (threadIdx.x % 64 == 0) wave_sums[threadIdx.x / 64] = sum;
  __syncthreads();

  if (threadIdx.x == 0) {
    float total = wave_sums[0];
    for (int w = 1; w < kWaves; ++w) total += wave_sums[w];
    y[row] = total;
  }
}

extern "C" void gemv(const float* a, const float* x, float* y) {
  float4 *a_dev, *x_dev;
  float* y_dev;
  HIP_CALL(hipMalloc(&a_dev, M * N * sizeof(float)));
  HIP_CALL(hipMalloc(&x_dev, N * sizeof(float)));
  HIP_CALL(hipMalloc(&y_dev, M * sizeof(float)));
  HIP_CALL(hipMemcpy(a_dev, a, M * N * sizeof(float), hipMemcpyHostToDevice));
  HIP_CALL(hipMemcpy(x_dev, x, N * sizeof(float), hipMemcpyHostToDevice));
  gemv_rows<<<M, kThreads>>>(a_dev, x_dev, y_dev);
  HIP_CALL(hipGetLastError());
  HIP_CALL(hipMemcpy(y, y_dev, M * sizeof(float), hipMemcpyDeviceToHost));
  HIP_CALL(hipFree(a_dev));
  HIP_CALL(hipFree(x_dev));
  HIP_CALL(hipFree(y_dev));
}
