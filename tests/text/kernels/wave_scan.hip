#include <hip/hip_runtime.h>
struct Seg { int key; float sum; };
__device__ __forceinline__ Seg op(const Seg& a, const Seg& b) { Seg r; r.key = b.key; r.sum = a.key == b.key ? a.sum + b.sum : b.sum; return r; }
__global__ void scan(const int* keys, const float* x, float* y, int n) {
  const int lane = threadIdx.x & 63;
  const int i = blockIdx.x * 64 + lane;
  Seg v{i < n ? keys[i] : -1, i < n ? x[i] : 0.f};
  for (int d = 1; d < 64; d <<= 1) {
    Seg o{__shfl_up(v.key, d), __shfl_up(v.sum, d)};
    if (lane >= d) v = op(o, v);
  }
  unsigned long long b = __ballot(v.sum > 0.f);
  if (i < n) y[i] = v.sum + (float)__popcll(b);
}
extern "C" void run(const int* keys, const float* x, float* y, int n) {
  int* k; float *a, *b;
  hipMalloc(&k, n * 4); hipMalloc(&a, n * 4); hipMalloc(&b, n * 4);
  hipMemcpy(k, keys, n * 4, hipMemcpyHostToDevice); hipMemcpy(a, x, n * 4, hipMemcpyHostToDevice);
  scan<<<(n + 63) / 64, 64>>>(k, a, b, n);
  hipMemcpy(y, b, n * 4, hipMemcpyDeviceToHost);
  hipFree(k); hipFree(a); hipFree(b);
}
