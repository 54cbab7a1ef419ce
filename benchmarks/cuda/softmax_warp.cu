// Warp softmax: one warp per row, the row lives in registers, maximum and sum by butterfly shuffles. Four rows per
// block; the last block may have fewer.
// shapes: 5_7_3_32 8_10_64
#include <cuda_runtime.h>

#include <math_constants.h>

constexpr int ROWS = 80;
constexpr int COLS = 64;

constexpr int kWarpSize = 32;
constexpr int kRowsPerBlock = 4;
constexpr int kColsPerThread = COLS / kWarpSize;
static_assert(COLS % kWarpSize == 0, "lanes own whole columns");

template <typename T>
__inline__ __device__ T WarpAllReduceMax(T val) {
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) {
    val = max(val, __shfl_xor_sync(0xffffffff, val, mask));
  }
  return val;
}

template <typename T>
__inline__ __device__ T WarpAllReduceSum(T val) {
  for (int mask = kWarpSize / 2; mask > 0; mask /= 2) {
    val += __shfl_xor_sync(0xffffffff, val, mask);
  }
  return val;
}

__global__ void SoftmaxWarpImpl(const float* __restrict__ x, float* __restrict__ y) {
  const int lane_id = threadIdx.x;
  const int row = blockIdx.x * kRowsPerBlock + threadIdx.y;
  if (row >= ROWS) return;

  float buf[kColsPerThread];
  float thread_max = -CUDART_INF_F;
#pragma unroll
  for (int i = 0; i < kColsPerThread; ++i) {
    buf[i] = x[row * COLS + i * kWarpSize + lane_id];
    thread_max = max(thread_max, buf[i]);
  }
  const float warp_max = WarpAllReduceMax(thread_max);

  float thread_sum = 0;
#pragma unroll
  for (int i = 0; i < kColsPerThread; ++i) {
    buf[i] = __expf(buf[i] - warp_max);
    thread_sum += buf[i];
  }
  const float warp_sum = WarpAllReduceSum(thread_sum);

#pragma unroll
  for (int i = 0; i < kColsPerThread; ++i) {
    y[row * COLS + i * kWarpSize + lane_id] = __fdividef(buf[i], warp_sum);
  }
}

extern "C" void softmax(const float* x, float* y) {
  float *dx, *dy;
  cudaMalloc(&dx, ROWS * COLS * sizeof(float));
  cudaMalloc(&dy, ROWS * COLS * sizeof(float));
  cudaMemcpy(dx, x, ROWS * COLS * sizeof(float), cudaMemcpyHostToDevice);

  dim3 block_dim(kWarpSize, kRowsPerBlock);
  dim3 grid_dim((ROWS + kRowsPerBlock - 1) / kRowsPerBlock);
  SoftmaxWarpImpl<<<grid_dim, block_dim>>>(dx, dy);

  cudaMemcpy(y, dy, ROWS * COLS * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}
