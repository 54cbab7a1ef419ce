// Group norm of rows of 196 by blocks of two waves: the second wave has four elements more, reduced by shuffles.
#include <hip/hip_runtime.h>
#define THREADS 128
__device__ float block_sum(float v, float* lds) {
  for (int o = warpSize / 2; o > 0; o >>= 1) v += __shfl_down(v, o);
  int wave = threadIdx.x / warpSize, lane = threadIdx.x % warpSize;
  __syncthreads();
  if (lane == 0) lds[wave] = v;
  __syncthreads();
  float t = 0.f;
  for (int w = 0; w < THREADS / warpSize; ++w) t += lds[w];
  return t;
}
__global__ void group_norm(const float* x, const float* g, const float* b, float* y, int C, int HW, int groups, float eps) {
  __shared__ float lds[THREADS / 32];
  int n = blockIdx.x / groups, grp = blockIdx.x % groups;
  int cpg = C / groups, len = cpg * HW;
  const float* xb = x + (n * C + grp * cpg) * HW;
  float* yb = y + (n * C + grp * cpg) * HW;
  float s = 0.f;
  for (int i = threadIdx.x; i < len; i += THREADS) s += xb[i];
  float mean = block_sum(s, lds) / len;
  float q = 0.f;
  for (int i = threadIdx.x; i < len; i += THREADS) { float d = xb[i] - mean; q += d * d; }
  float inv = rsqrtf(block_sum(q, lds) / len + eps);
  for (int i = threadIdx.x; i < len; i += THREADS) {
    int c = grp * cpg + i / HW;
    yb[i] = (xb[i] - mean) * inv * g[c] + b[c];
  }
}
extern "C" void groupnorm(const float* x, const float* g, const float* b, float* y) {
  const int N = 2, C = 12, HW = 49, G = 3;
  float *dx, *dg, *db, *dy;
  hipMalloc((void**)&dx, N * C * HW * 4); hipMalloc((void**)&dy, N * C * HW * 4);
  hipMalloc((void**)&dg, C * 4); hipMalloc((void**)&db, C * 4);
  hipMemcpy(dx, x, N * C * HW * 4, hipMemcpyHostToDevice);
  hipMemcpy(dg, g, C * 4, hipMemcpyHostToDevice);
  hipMemcpy(db, b, C * 4, hipMemcpyHostToDevice);
  group_norm<<<N * G, THREADS>>>(dx, dg, db, dy, C, HW, G, 1e-5f);
  hipMemcpy(y, dy, N * C * HW * 4, hipMemcpyDeviceToHost);
  hipFree(dx); hipFree(dy); hipFree(dg); hipFree(db);
}
