#include <cuda_runtime.h>
#include <float.h>
struct Sum { static constexpr float identity = 0.0f; __device__ float operator()(float a, float b) const { return a + b; } };
struct Max { static constexpr float identity = -FLT_MAX; __device__ float operator()(float a, float b) const { return fmaxf(a, b); } };
template <typename T, class Op, int BLOCK>
__device__ T block_reduce(T v, T* smem, Op op) {
  smem[threadIdx.x] = v;
  __syncthreads();
#pragma unroll
  for (int s = BLOCK / 2; s > 0; s >>= 1) {
    if (threadIdx.x < s) smem[threadIdx.x] = op(smem[threadIdx.x], smem[threadIdx.x + s]);
    __syncthreads();
  }
  return smem[0];
}
template <class Op, int BLOCK>
__global__ void reduce_rows(const float* __restrict__ x, float* __restrict__ y, int cols) {
  __shared__ float smem[BLOCK];
  Op op;
  float acc = Op::identity;
  const float* row = x + (size_t)blockIdx.x * cols;
  for (int c = threadIdx.x; c < cols; c += BLOCK) acc = op(acc, row[c]);
  acc = block_reduce<float, Op, BLOCK>(acc, smem, op);
  if (threadIdx.x == 0) y[blockIdx.x] = acc;
}
extern "C" void row_stats(const float* x, float* sums, float* maxs, int rows, int cols) {
  float *dx, *ds, *dm;
  cudaMalloc(&dx, sizeof(float) * rows * cols);
  cudaMalloc(&ds, sizeof(float) * rows);
  cudaMalloc(&dm, sizeof(float) * rows);
  cudaMemcpy(dx, x, sizeof(float) * rows * cols, cudaMemcpyHostToDevice);
  reduce_rows<Sum, 64><<<rows, 64>>>(dx, ds, cols);
  reduce_rows<Max, 128><<<rows, 128>>>(dx, dm, cols);
  cudaMemcpy(sums, ds, sizeof(float) * rows, cudaMemcpyDeviceToHost);
  cudaMemcpy(maxs, dm, sizeof(float) * rows, cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(ds); cudaFree(dm);
}
