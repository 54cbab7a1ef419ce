#include <cuda_runtime.h>
#include <string.h>
__global__ void saxpy(const float* x, float* y, float a, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i];
}
extern "C" void run(const float* x, float* y, float a, int n) {
  float *m_x, *m_y;
  cudaMallocManaged(&m_x, n * sizeof(float));
  cudaMallocManaged(&m_y, n * sizeof(float));
  memcpy(m_x, x, n * sizeof(float));
  memcpy(m_y, y, n * sizeof(float));
  saxpy<<<(n + 255) / 256, 256>>>(m_x, m_y, a, n);
  cudaDeviceSynchronize();
  memcpy(y, m_y, n * sizeof(float));
  cudaFree(m_x);
  cudaFree(m_y);
}
