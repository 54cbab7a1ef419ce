#include <cuda_runtime.h>
struct Pair { float v; int i; };
__device__ Pair better(Pair a, Pair b) {
  if (a.v > b.v) return a;
  if (a.v < b.v) return b;
  return a.i < b.i ? a : b;
}
__global__ void argmax_rows(const float* x, int* idx, float* val, int cols) {
  __shared__ Pair best[128];
  Pair mine; mine.v = -3.4e38f; mine.i = cols;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) {
    Pair p = {x[blockIdx.x * cols + c], c};
    mine = better(mine, p);
  }
  best[threadIdx.x] = mine;
  __syncthreads();
  for (int s = blockDim.x / 2; s > 0; s /= 2) {
    if (threadIdx.x < s) best[threadIdx.x] = better(best[threadIdx.x], best[threadIdx.x + s]);
    __syncthreads();
  }
  if (!threadIdx.x) { idx[blockIdx.x] = best[0].i; val[blockIdx.x] = best[0].v; }
}
extern "C" void argmax(const float* x, int* idx, float* val, int rows, int cols) {
  float *dx, *dv; int* di;
  cudaMalloc(&dx, rows * cols * sizeof(float)); cudaMalloc(&dv, rows * sizeof(float)); cudaMalloc(&di, rows * sizeof(int));
  cudaMemcpy(dx, x, rows * cols * sizeof(float), cudaMemcpyHostToDevice);
  argmax_rows<<<rows, 128>>>(dx, di, dv, cols);
  cudaMemcpy(idx, di, rows * sizeof(int), cudaMemcpyDeviceToHost);
  cudaMemcpy(val, dv, rows * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dv); cudaFree(di);
}
