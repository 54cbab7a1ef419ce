// Branch-free sign: the difference of two comparisons. Template over the scalar type, four elements per thread, a
// block apart from each other so that accesses stay coalesced.
// shapes: 12_3_128 5_128 8_10_64 5_12_23_128
#include <cuda_runtime.h>

constexpr int SIZE = 640;

constexpr int kThreads = 128;
constexpr int kUnroll = 4;

template <typename scalar_t>
__host__ __device__ inline scalar_t sgn(scalar_t v) {
  return static_cast<scalar_t>((scalar_t(0) < v) - (v < scalar_t(0)));
}

template <typename scalar_t>
__global__ void sign_forward(const scalar_t* __restrict__ in, scalar_t* __restrict__ out, const int numel) {
  int index = blockIdx.x * (kThreads * kUnroll) + threadIdx.x;
#pragma unroll
  for (int u = 0; u < kUnroll; ++u, index += kThreads) {
    if (index < numel) out[index] = sgn(in[index]);
  }
}

extern "C" void sign(const float* in, float* out) {
  float* d_in;
  float* d_out;
  cudaMalloc(&d_in, SIZE * sizeof(float));
  cudaMalloc(&d_out, SIZE * sizeof(float));
  cudaMemcpy(d_in, in, SIZE * sizeof(float), cudaMemcpyHostToDevice);
  const int per_block = kThreads * kUnroll;
  sign_forward<float><<<(SIZE + per_block - 1) / per_block, kThreads>>>(d_in, d_out, SIZE);
  cudaMemcpy(out, d_out, SIZE * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_in);
  cudaFree(d_out);
}
