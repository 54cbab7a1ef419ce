#include <cuda_runtime.h>
#include <stdint.h>
#include <string.h>
union FloatBits { float f; uint32_t u; };
__device__ float fast_inv_sqrt(float x) {
  FloatBits b; b.f = x;
  b.u = 0x5f3759df - (b.u >> 1);
  return b.f * (1.5f - 0.5f * x * b.f * b.f);
}
__device__ float fast_exp2(float p) {
  float offset = (p < 0) ? 1.0f : 0.0f;
  float clipp = (p < -126) ? -126.0f : p;
  int w = clipp;
  float z = clipp - w + offset;
  union { uint32_t i; float f; } v = { (uint32_t)((1 << 23) * (clipp + 121.2740575f + 27.7280233f / (4.84252568f - z) - 1.49012907f * z)) };
  return v.f;
}
__device__ uint16_t to_bf16(float f) {
  uint32_t u; memcpy(&u, &f, sizeof(u));
  u += 0x7fff + ((u >> 16) & 1);
  return (uint16_t)(u >> 16);
}
__device__ float flip_sign(float f) { return __int_as_float(__float_as_int(f) ^ 0x80000000); }
__device__ float mag(float f) { unsigned u = *(unsigned*)&f; u &= 0x7fffffffu; return *reinterpret_cast<float*>(&u); }
__global__ void bits(const float* x, float* a, float* b, uint16_t* c, float* d, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    a[i] = fast_inv_sqrt(fabsf(x[i]) + 1.0f);
    b[i] = fast_exp2(x[i]);
    c[i] = to_bf16(x[i]);
    d[i] = flip_sign(x[i]) + mag(x[i]);
  }
}
extern "C" void run(const float* x, float* a, float* b, uint16_t* c, float* d, int n) {
  float *dx, *da, *db, *dd; uint16_t* dc;
  cudaMalloc(&dx, n * 4); cudaMalloc(&da, n * 4); cudaMalloc(&db, n * 4); cudaMalloc(&dd, n * 4); cudaMalloc(&dc, n * 2);
  cudaMemcpy(dx, x, n * 4, cudaMemcpyHostToDevice);
  bits<<<(n + 63) / 64, 64>>>(dx, da, db, dc, dd, n);
  cudaMemcpy(a, da, n * 4, cudaMemcpyDeviceToHost); cudaMemcpy(b, db, n * 4, cudaMemcpyDeviceToHost);
  cudaMemcpy(c, dc, n * 2, cudaMemcpyDeviceToHost); cudaMemcpy(d, dd, n * 4, cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(da); cudaFree(db); cudaFree(dc); cudaFree(dd);
}
