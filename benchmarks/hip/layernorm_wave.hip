// LayerNorm over the last axis of a (B, L, D) tensor. One wavefront normalises one token; the sums of x and
// of x * x are taken in one pass and reduced by shuffles.
// shapes: 1_4_128 1_8_128
#include <hip/hip_runtime.h>

constexpr int B = 1;
constexpr int L = 8;
constexpr int D = 128;
constexpr float kEps = 1e-5f;

constexpr int kWave = 64;
constexpr int kPerLane = D / kWave;
static_assert(D % kWave == 0);

__device__ __forceinline__ float wave_reduce_sum(float value) {
  for (int offset = kWave >> 1; offset > 0; offset >>= 1) value += __shfl_down(value, offset);
  return __shfl(value, 0);  // from lane 0 to all
}

__global__ __launch_bounds__(kWave) void layer_norm(const float* __restrict__ x, const float* __restrict__ gamma,
                                                    const float* __restrict__ beta, float* __restrict__ y) {
  const int token = blockIdx.y * L + blockIdx.x;
  const int lane = threadIdx.x;
  const float* in = x + token * D;
  float* out = y + token * D;

  float reg[kPerLane];
  float sum = 0.0f, sum_sq = 0.0f;
#pragma unroll
  for (int i = 0; i < kPerLane; ++i) {
    reg[i] = in[i * kWave + lane];
    sum += reg[i];
    sum_sq += reg[i] * reg[i];
  }
  const float mean = wave_reduce_sum(sum) * (1.0f / D);
  const float var = wave_reduce_sum(sum_sq) * (1.0f / D) - mean * mean;
  const float rstd = rsqrtf(var + kEps);

#pragma unroll
  for (int i = 0; i < kPerLane; ++i) {
    const int c = i * kWave + lane;
    out[c] = (reg[i] - mean) * rstd * gamma[c] + beta[c];
  }
}

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y) {
  float *x_d, *gamma_d, *beta_d, *y_d;
  hipMalloc(&x_d, B * L * D * sizeof(float));
  hipMalloc(&gamma_d, D * sizeof(float));
  hipMalloc(&beta_d, D * sizeof(float));
  hipMalloc(&y_d, B * L * D * sizeof(float));
  hipMemcpy(x_d, x, B * L * D * sizeof(float), hipMemcpyHostToDevice);
  hipMemcpy(gamma_d, gamma, D * sizeof(float), hipMemcpyHostToDevice);
  hipMemcpy(beta_d, beta, D * sizeof(float), hipMemcpyHostToDevice);

  layer_norm<<<dim3(L, B), kWave>>>(x_d, gamma_d, beta_d, y_d);

  hipMemcpy(y, y_d, B * L * D * sizeof(float), hipMemcpyDeviceToHost);
  hipFree(x_d);
  hipFree(gamma_d);
  hipFree(beta_d);
  hipFree(y_d);
}
