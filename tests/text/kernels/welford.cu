#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

struct WelfordData { float mean; float m2; int count; };
__device__ WelfordData combine(const WelfordData& a, const WelfordData& b) {
  if (a.count == 0) return b;
  if (b.count == 0) return a;
  WelfordData r;
  float delta = b.mean - a.mean;
  r.count = a.count + b.count;
  float nb = float(b.count) / r.count;
  r.mean = a.mean + delta * nb;
  r.m2 = a.m2 + b.m2 + delta * delta * a.count * nb;
  return r;
}
__device__ WelfordData shfl(WelfordData v, int d) {
  return { __shfl_down_sync(0xffffffff, v.mean, d), __shfl_down_sync(0xffffffff, v.m2, d), __shfl_down_sync(0xffffffff, v.count, d) };
}
__global__ void k(const float* x, float* y, int n) {
  WelfordData w = {0.f, 0.f, 0};
  for (int c = threadIdx.x; c < n; c += 32) {
    float v = x[blockIdx.x * n + c];
    w.count++;
    float d = v - w.mean;
    w.mean += d / w.count;
    w.m2 += d * (v - w.mean);
  }
  for (int o = 16; o > 0; o /= 2) { WelfordData other = shfl(w, o); w = combine(w, other); }
  if (threadIdx.x == 0) { y[2 * blockIdx.x] = w.mean; y[2 * blockIdx.x + 1] = w.m2 / w.count; }
}
extern "C" void run(const float* x, float* y, int n) {
  float* d_x;
  cudaMalloc(&d_x, (4 * n) * sizeof(float));
  cudaMemcpy(d_x, x, (4 * n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_y;
  cudaMalloc(&d_y, (8) * sizeof(float));
  k<<<4, 32>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (8) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
