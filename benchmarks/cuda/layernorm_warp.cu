// Layer normalisation with a warp per token and four tokens per block. Mean first, then the variance of what is left.
// shapes: 1_8_32 2_4_32 2_8_128
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CUDA_CHECK(x)                                                            \
  do {                                                                           \
    cudaError_t err = x;                                                         \
    if (err != cudaSuccess) {                                                    \
      printf("CUDA error at line %d: %s\n", __LINE__, cudaGetErrorString(err));  \
      abort();                                                                   \
    }                                                                            \
  } while (false)

constexpr int B = 1;
constexpr int L = 8;
constexpr int D = 32;

constexpr int kWarp = 32;
constexpr int kTokensPerBlock = 4;
constexpr int kPerLane = (D + kWarp - 1) / kWarp;
constexpr float kEps = 1e-5f;

__device__ float WarpAllReduce(float v) {
  for (int mask = kWarp >> 1; mask >= 1; mask >>= 1) v += __shfl_xor_sync(0xffffffffu, v, mask, kWarp);
  return v;
}

__global__ void LayerNormWarp(const float* __restrict__ x, const float* __restrict__ gamma,
                              const float* __restrict__ beta, float* __restrict__ y, const int tokens) {
  const int token = blockIdx.x * kTokensPerBlock + threadIdx.y;
  if (token >= tokens) return;

  float buf[kPerLane];
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < kPerLane; ++i) {
    const int col = i * kWarp + threadIdx.x;
    buf[i] = col < D ? x[token * D + col] : 0.0f;
    sum += buf[i];
  }
  const float mean = WarpAllReduce(sum) / D;

  float sq = 0.0f;
#pragma unroll
  for (int i = 0; i < kPerLane; ++i) {
    const int col = i * kWarp + threadIdx.x;
    const float diff = buf[i] - mean;
    if (col < D) sq += diff * diff;
  }
  const float rstd = rsqrtf(WarpAllReduce(sq) / D + kEps);

#pragma unroll
  for (int i = 0; i < kPerLane; ++i) {
    const int col = i * kWarp + threadIdx.x;
    if (col < D) y[token * D + col] = (buf[i] - mean) * rstd * __ldg(&gamma[col]) + __ldg(&beta[col]);
  }
}

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y) {
  constexpr int kTokens = B * L;
  constexpr size_t kBytes = kTokens * D * sizeof(float);
  float *d_x, *d_gamma, *d_beta, *d_y;
  CUDA_CHECK(cudaMalloc(&d_x, kBytes));
  CUDA_CHECK(cudaMalloc(&d_gamma, D * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&d_beta, D * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&d_y, kBytes));
  CUDA_CHECK(cudaMemcpy(d_x, x, kBytes, cudaMemcpyHostToDevice));
  CUDA_CHECK(cudaMemcpy(d_gamma, gamma, D * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_CHECK(cudaMemcpy(d_beta, beta, D * sizeof(float), cudaMemcpyHostToDevice));

  const dim3 block(kWarp, kTokensPerBlock);
  const int grid = (kTokens + kTokensPerBlock - 1) / kTokensPerBlock;
  LayerNormWarp<<<grid, block>>>(d_x, d_gamma, d_beta, d_y, kTokens);
  CUDA_CHECK(cudaGetLastError());

  CUDA_CHECK(cudaMemcpy(y, d_y, kBytes, cudaMemcpyDeviceToHost));
  CUDA_CHECK(cudaFree(d_x));
  CUDA_CHECK(cudaFree(d_gamma));
  CUDA_CHECK(cudaFree(d_beta));
  CUDA_CHECK(cudaFree(d_y));
}
