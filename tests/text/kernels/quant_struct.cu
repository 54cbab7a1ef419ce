#include <cuda_runtime.h>
#include <stdint.h>
#define QK 32
typedef struct { float d; int8_t qs[QK]; } block_q8_0;
__global__ void quantize(const float* __restrict__ x, block_q8_0* __restrict__ y, int nb) {
  const int ib = blockIdx.x * blockDim.x + threadIdx.x;
  if (ib >= nb) return;
  float amax = 0.0f;
  for (int j = 0; j < QK; j++) amax = fmaxf(amax, fabsf(x[ib * QK + j]));
  const float d = amax / 127.0f;
  y[ib].d = d;
  for (int j = 0; j < QK; ++j) y[ib].qs[j] = (int8_t)rintf(d > 0 ? x[ib * QK + j] / d : 0.f);
}
__global__ void dequantize(const block_q8_0* __restrict__ x, float* __restrict__ y, int nb) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < nb * QK) { const block_q8_0& b = x[i / QK]; y[i] = b.d * b.qs[i % QK]; }
}
extern "C" void roundtrip(const float* x, float* y, int nb) {
  float *dx, *dy; block_q8_0* dq;
  cudaMalloc(&dx, nb * QK * 4); cudaMalloc(&dq, nb * sizeof(block_q8_0)); cudaMalloc(&dy, nb * QK * sizeof(float));
  cudaMemcpy(dx, x, nb * QK * 4, cudaMemcpyHostToDevice);
  quantize<<<(nb + 31) / 32, 32>>>(dx, dq, nb);
  dequantize<<<(nb * QK + 127) / 128, 128>>>(dq, dy, nb);
  cudaMemcpy(y, dy, nb * QK * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dq); cudaFree(dy);
}
