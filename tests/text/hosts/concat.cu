#include <cuda_runtime.h>
__global__ void twice(float* p, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) p[i] *= 2.0f; }
extern "C" void concat(const float* a, const float* b, float* out, float* copy, int n, int m) {
  float *d, *e;
  cudaMalloc(&d, (n + m) * sizeof(float));
  cudaMalloc(&e, (n + m) * sizeof(float));
  cudaMemcpy(d, a, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(d + n, b, m * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(e, d, (n + m) * sizeof(float), cudaMemcpyDeviceToDevice);
  twice<<<(n + m + 63) / 64, 64>>>(d, n + m);
  cudaMemcpy(out, d, (n + m) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(copy, e, (n + m) * sizeof(float), cudaMemcpyDefault);
  cudaFree(d);
  cudaFree(e);
}
