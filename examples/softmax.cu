// y = softmax(x) along the rows of a row-major [rows, COLS] matrix.
// One block per row. A thread keeps its columns in registers; maxima and sums are reduced inside a
// warp by shuffles and between the warps of the block through shared memory.
#include <cuda_runtime.h>
#include <math.h>

constexpr int COLS = 256;
constexpr int THREADS = 128;
constexpr int WARPS = THREADS / 32;
constexpr int PER_THREAD = COLS / THREADS;

__device__ __forceinline__ float block_max(float v, float* scratch) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) {
    v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, offset));
  }
  if (threadIdx.x % 32 == 0) {
    scratch[threadIdx.x / 32] = v;
  }
  __syncthreads();
  v = scratch[0];
  for (int w = 1; w < WARPS; ++w) {
    v = fmaxf(v, scratch[w]);
  }
  __syncthreads();  // scratch may be written again
  return v;
}

__device__ __forceinline__ float block_sum(float v, float* scratch) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) {
    v += __shfl_xor_sync(0xffffffffu, v, offset);
  }
  if (threadIdx.x % 32 == 0) {
    scratch[threadIdx.x / 32] = v;
  }
  __syncthreads();
  v = scratch[0];
  for (int w = 1; w < WARPS; ++w) {
    v += scratch[w];
  }
  __syncthreads();
  return v;
}

__global__ void __launch_bounds__(THREADS)
softmax_kernel(const float* __restrict__ x, float* __restrict__ y) {
  __shared__ float scratch[WARPS];
  const int row = blockIdx.x;
  const float* in = x + row * COLS;
  float* out = y + row * COLS;

  float value[PER_THREAD];
  float top = -INFINITY;
  for (int i = 0; i < PER_THREAD; ++i) {
    value[i] = in[i * THREADS + threadIdx.x];
    top = fmaxf(top, value[i]);
  }
  top = block_max(top, scratch);

  float sum = 0.0f;
  for (int i = 0; i < PER_THREAD; ++i) {
    value[i] = expf(value[i] - top);
    sum += value[i];
  }
  sum = block_sum(sum, scratch);

  const float scale = 1.0f / sum;
  for (int i = 0; i < PER_THREAD; ++i) {
    out[i * THREADS + threadIdx.x] = value[i] * scale;
  }
}

extern "C" void softmax(const float* x, float* y, int rows) {
  const size_t bytes = (size_t)rows * COLS * sizeof(float);
  float *d_x, *d_y;
  cudaMalloc(&d_x, bytes);
  cudaMalloc(&d_y, bytes);
  cudaMemcpy(d_x, x, bytes, cudaMemcpyHostToDevice);

  softmax_kernel<<<rows, THREADS>>>(d_x, d_y);

  cudaMemcpy(y, d_y, bytes, cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
