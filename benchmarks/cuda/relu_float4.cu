// Vectorised ReLU: each thread loads, clamps and stores one float4. SIZE must be a multiple of 4 * kBlockSize, so
// that the grid is exact and no thread needs a guard.
// shapes: 12_3_128 8_10_64
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CUDA_CHECK(call)                                                                       \
  do {                                                                                         \
    cudaError_t status_ = (call);                                                              \
    if (status_ != cudaSuccess) {                                                              \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(status_));         \
      exit(EXIT_FAILURE);                                                                      \
    }                                                                                          \
  } while (0)

constexpr int SIZE = 4608;
constexpr int kBlockSize = 128;
constexpr int kVectors = SIZE / 4;
static_assert(SIZE % (4 * kBlockSize) == 0, "every thread owns a whole float4");

__global__ void __launch_bounds__(kBlockSize) ReluVec4(const float4* __restrict__ input, float4* __restrict__ output) {
  const int idx = blockIdx.x * kBlockSize + threadIdx.x;
  float4 v = input[idx];
  v.x = fmaxf(v.x, 0.f);
  v.y = fmaxf(v.y, 0.f);
  v.z = fmaxf(v.z, 0.f);
  v.w = fmaxf(v.w, 0.f);
  output[idx] = v;
}

extern "C" void relu(const float* input, float* output) {
  const size_t bytes = SIZE * sizeof(float);
  float* d_input = nullptr;
  float* d_output = nullptr;
  CUDA_CHECK(cudaMalloc(&d_input, bytes));
  CUDA_CHECK(cudaMalloc(&d_output, bytes));
  CUDA_CHECK(cudaMemcpy(d_input, input, bytes, cudaMemcpyHostToDevice));

  ReluVec4<<<kVectors / kBlockSize, kBlockSize>>>(reinterpret_cast<const float4*>(d_input),
                                                  reinterpret_cast<float4*>(d_output));
  CUDA_CHECK(cudaGetLastError());

  CUDA_CHECK(cudaMemcpy(output, d_output, bytes, cudaMemcpyDeviceToHost));
  CUDA_CHECK(cudaFree(d_input));
  CUDA_CHECK(cudaFree(d_output));
}
