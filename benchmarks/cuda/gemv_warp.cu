// Matrix-vector product, a warp per row. Lanes stride over the row; __shfl_down_sync leaves the dot product in lane 0.
// shapes: 125_128 125_320
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define checkCudaErrors(val) check((val), #val, __FILE__, __LINE__)

static void check(cudaError_t result, const char* func, const char* file, int line) {
  if (result != cudaSuccess) {
    fprintf(stderr, "CUDA error at %s:%d code=%d \"%s\"\n", file, line, (int)result, func);
    exit(EXIT_FAILURE);
  }
}

constexpr int M = 125;
constexpr int N = 128;

constexpr int WARP_SIZE = 32;
constexpr int ROWS_PER_BLOCK = 8;

__global__ void gemv_warp_per_row(const float* __restrict__ mat, const float* __restrict__ vec,
                                  float* __restrict__ res) {
  const int lane = threadIdx.x % WARP_SIZE;
  const int row = blockIdx.x * ROWS_PER_BLOCK + threadIdx.x / WARP_SIZE;

  float sum = 0.0f;
  if (row < M) {
    for (int col = lane; col < N; col += WARP_SIZE) {
      sum += mat[row * N + col] * vec[col];
    }
  }
#pragma unroll
  for (int delta = WARP_SIZE / 2; delta > 0; delta /= 2) {
    sum += __shfl_down_sync(0xffffffff, sum, delta);
  }
  if (row < M && lane == 0) {
    res[row] = sum;
  }
}

extern "C" void gemv(const float* mat, const float* vec, float* res) {
  float *d_mat, *d_vec, *d_res;
  checkCudaErrors(cudaMalloc(&d_mat, sizeof(float) * M * N));
  checkCudaErrors(cudaMalloc(&d_vec, sizeof(float) * N));
  checkCudaErrors(cudaMalloc(&d_res, sizeof(float) * M));
  checkCudaErrors(cudaMemcpy(d_mat, mat, sizeof(float) * M * N, cudaMemcpyHostToDevice));
  checkCudaErrors(cudaMemcpy(d_vec, vec, sizeof(float) * N, cudaMemcpyHostToDevice));

  const int blocks = (M + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK;
  gemv_warp_per_row<<<blocks, ROWS_PER_BLOCK * WARP_SIZE>>>(d_mat, d_vec, d_res);
  checkCudaErrors(cudaGetLastError());

  checkCudaErrors(cudaMemcpy(res, d_res, sizeof(float) * M, cudaMemcpyDeviceToHost));
  checkCudaErrors(cudaFree(d_mat));
  checkCudaErrors(cudaFree(d_vec));
  checkCudaErrors(cudaFree(d_res));
}
