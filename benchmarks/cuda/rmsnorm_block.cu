// RMSNorm without a weight: a block of 256 threads per row. Warp sums by shuffles meet in shared memory, and the
// first warp adds them.
// shapes: 2048_2048 4096_4096
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CHECK_CUDA(expr)                                                          \
  do {                                                                            \
    const cudaError_t status = (expr);                                            \
    if (status != cudaSuccess) {                                                  \
      std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(status));             \
      std::abort();                                                               \
    }                                                                             \
  } while (0)

constexpr int ROWS = 2048;
constexpr int D = 2048;
constexpr float EPS = 1e-5f;

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / 32;

__device__ __forceinline__ float warp_sum(float v) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) v += __shfl_down_sync(0xffffffffu, v, offset);
  return v;
}

__global__ void __launch_bounds__(THREADS) rms_norm_kernel(const float* __restrict__ input, float* __restrict__ out) {
  __shared__ float warp_sums[WARPS];
  __shared__ float s_scale;

  const float* x = input + static_cast<size_t>(blockIdx.x) * D;
  float* y = out + static_cast<size_t>(blockIdx.x) * D;

  float sum = 0.0f;
  for (int i = threadIdx.x; i < D; i += THREADS) sum += x[i] * x[i];
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) warp_sums[threadIdx.x / 32] = sum;
  __syncthreads();

  if (threadIdx.x < 32) {
    float v = threadIdx.x < WARPS ? warp_sums[threadIdx.x] : 0.0f;
    v = warp_sum(v);
    if (threadIdx.x == 0) s_scale = rsqrtf(v / D + EPS);
  }
  __syncthreads();

  for (int i = threadIdx.x; i < D; i += THREADS) y[i] = x[i] * s_scale;
}

extern "C" void rmsnorm(const float* input, float* out) {
  const size_t bytes = sizeof(float) * ROWS * D;
  float *d_input, *d_out;
  CHECK_CUDA(cudaMalloc(&d_input, bytes));
  CHECK_CUDA(cudaMalloc(&d_out, bytes));
  CHECK_CUDA(cudaMemcpy(d_input, input, bytes, cudaMemcpyHostToDevice));

  rms_norm_kernel<<<ROWS, THREADS>>>(d_input, d_out);
  CHECK_CUDA(cudaGetLastError());
  CHECK_CUDA(cudaDeviceSynchronize());

  CHECK_CUDA(cudaMemcpy(out, d_out, bytes, cudaMemcpyDeviceToHost));
  CHECK_CUDA(cudaFree(d_input));
  CHECK_CUDA(cudaFree(d_out));
}
