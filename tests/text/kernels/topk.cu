#include <cuda_runtime.h>
template <int K>
__global__ void topk(const float* x, float* out, int* out_idx, int n) {
  float best[K];
  int where[K];
#pragma unroll
  for (int k = 0; k < K; k++) { best[k] = -1e30f; where[k] = -1; }
  const float* row = x + blockIdx.x * n;
  if (threadIdx.x != 0) return;
  for (int i = 0; i < n; i++) {
    float v = row[i];
    if (v <= best[K - 1]) continue;
    int j = K - 1;
    while (j > 0 && best[j - 1] < v) {
      best[j] = best[j - 1];
      where[j] = where[j - 1];
      j--;
    }
    best[j] = v;
    where[j] = i;
  }
  for (int k = 0; k < K; k++) { out[blockIdx.x * K + k] = best[k]; out_idx[blockIdx.x * K + k] = where[k]; }
}
extern "C" void topk5(const float* x, float* out, int* idx, int rows, int n) {
  float *dx, *dv; int* di;
  cudaMalloc(&dx, rows * n * sizeof(float)); cudaMalloc(&dv, rows * 5 * sizeof(float)); cudaMalloc(&di, rows * 5 * sizeof(int));
  cudaMemcpy(dx, x, rows * n * sizeof(float), cudaMemcpyHostToDevice);
  topk<5><<<rows, 32>>>(dx, dv, di, n);
  cudaMemcpy(idx, di, rows * 5 * sizeof(int), cudaMemcpyDeviceToHost);
  cudaMemcpy(out, dv, rows * 5 * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dv); cudaFree(di);
}
