// LayerNorm, one block per row, float4 loads. Sum and sum of squares are reduced together: shuffles within a warp,
// then the first warp reduces the warps' results and broadcasts mean and inverse deviation through shared memory.
// shapes: 1_4_128 2_8_128
#include <cuda_runtime.h>

constexpr int B = 2;
constexpr int L = 8;
constexpr int D = 128;

constexpr int kVec = 4;
constexpr int kThreads = 64;
constexpr int kWarps = kThreads / 32;

struct Sums {
  float sum;
  float sumsq;
};

__inline__ __device__ Sums warpReduceSum(Sums v) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    v.sum += __shfl_down_sync(0xffffffff, v.sum, offset);
    v.sumsq += __shfl_down_sync(0xffffffff, v.sumsq, offset);
  }
  return v;
}

__inline__ __device__ Sums blockReduceSum(Sums v) {
  static __shared__ Sums shared[kWarps];
  const int lane = threadIdx.x & 0x1f;
  const int wid = threadIdx.x >> 5;

  v = warpReduceSum(v);
  if (lane == 0) shared[wid] = v;
  __syncthreads();

  v = threadIdx.x < kWarps ? shared[lane] : Sums{0.0f, 0.0f};
  if (wid == 0) v = warpReduceSum(v);
  return v;
}

__global__ void layernorm_forward(const float4* __restrict__ x, const float4* __restrict__ gamma,
                                  const float4* __restrict__ beta, float4* __restrict__ y, float eps) {
  __shared__ float s_mean;
  __shared__ float s_rstd;
  const float4* row = x + blockIdx.x * (D / kVec);
  float4* out = y + blockIdx.x * (D / kVec);

  Sums local = {0.0f, 0.0f};
  for (int i = threadIdx.x; i < D / kVec; i += blockDim.x) {
    const float4 v = row[i];
    local.sum += v.x + v.y + v.z + v.w;
    local.sumsq += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
  }
  const Sums total = blockReduceSum(local);
  if (threadIdx.x == 0) {
    const float mean = total.sum / D;
    s_mean = mean;
    s_rstd = rsqrtf(total.sumsq / D - mean * mean + eps);
  }
  __syncthreads();

  for (int i = threadIdx.x; i < D / kVec; i += blockDim.x) {
    const float4 v = row[i];
    const float4 g = gamma[i];
    const float4 b = beta[i];
    out[i] = make_float4((v.x - s_mean) * s_rstd * g.x + b.x, (v.y - s_mean) * s_rstd * g.y + b.y,
                         (v.z - s_mean) * s_rstd * g.z + b.z, (v.w - s_mean) * s_rstd * g.w + b.w);
  }
}

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y) {
  constexpr size_t kRowsBytes = sizeof(float) * B * L * D;
  constexpr size_t kParamBytes = sizeof(float) * D;
  void *x_d, *gamma_d, *beta_d, *y_d;
  cudaMalloc(&x_d, kRowsBytes);
  cudaMalloc(&gamma_d, kParamBytes);
  cudaMalloc(&beta_d, kParamBytes);
  cudaMalloc(&y_d, kRowsBytes);
  cudaMemcpy(x_d, x, kRowsBytes, cudaMemcpyHostToDevice);
  cudaMemcpy(gamma_d, gamma, kParamBytes, cudaMemcpyHostToDevice);
  cudaMemcpy(beta_d, beta, kParamBytes, cudaMemcpyHostToDevice);

  layernorm_forward<<<B * L, kThreads>>>((const float4*)x_d, (const float4*)gamma_d, (const float4*)beta_d,
                                         (float4*)y_d, 1e-5f);

  cudaMemcpy(y, y_d, kRowsBytes, cudaMemcpyDeviceToHost);
  cudaFree(x_d);
  cudaFree(gamma_d);
  cudaFree(beta_d);
  cudaFree(y_d);
}
