// Softmax over the last axis, one warp per row. Maximum and sum are butterfly reductions with __shfl_xor_sync,
// so all 32 lanes end up with them.
// shapes: 12_3_128 3_4_5 45_25 5_128 5_12_23_128 5_7_3_32 7_1_6_7 8_10_64
#include <cfloat>

#include <cuda_runtime.h>

constexpr int ROWS = 45;
constexpr int COLS = 25;

constexpr int kWarpSize = 32;
constexpr int kWarpsPerBlock = 4;

__inline__ __device__ float warpReduceMax(float val) {
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) val = fmaxf(val, __shfl_xor_sync(0xffffffff, val, mask));
  return val;
}

__inline__ __device__ float warpReduceSum(float val) {
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) val += __shfl_xor_sync(0xffffffff, val, mask);
  return val;
}

__global__ void softmaxWarp(const float* __restrict__ input, float* __restrict__ output) {
  const int lane = threadIdx.x % kWarpSize;
  const int row = blockIdx.x * kWarpsPerBlock + threadIdx.x / kWarpSize;
  if (row >= ROWS) return;  // uniform in the warp

  const float* in = input + row * COLS;
  float* out = output + row * COLS;

  float rowMax = -FLT_MAX;
  for (int i = lane; i < COLS; i += kWarpSize) rowMax = fmaxf(rowMax, in[i]);
  rowMax = warpReduceMax(rowMax);

  float rowSum = 0.0f;
  for (int i = lane; i < COLS; i += kWarpSize) rowSum += expf(in[i] - rowMax);
  rowSum = warpReduceSum(rowSum);

  for (int i = lane; i < COLS; i += kWarpSize) out[i] = expf(in[i] - rowMax) / rowSum;
}

extern "C" void softmax(const float* input, float* output) {
  float* inputDev = nullptr;
  float* outputDev = nullptr;
  cudaMalloc(&inputDev, ROWS * COLS * sizeof(float));
  cudaMalloc(&outputDev, ROWS * COLS * sizeof(float));
  cudaMemcpy(inputDev, input, ROWS * COLS * sizeof(float), cudaMemcpyHostToDevice);

  softmaxWarp<<<(ROWS + kWarpsPerBlock - 1) / kWarpsPerBlock, kWarpsPerBlock * kWarpSize>>>(inputDev, outputDev);

  cudaMemcpy(output, outputDev, ROWS * COLS * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(inputDev);
  cudaFree(outputDev);
}
