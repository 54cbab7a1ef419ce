// A class that goes by two names is copied whichever it is declared with; numbers beside pairs.
#include <hip/hip_runtime.h>
#include <hip/hip_fp16.h>

__device__ __half2 same(__half2 x) {
  __half2 y = x;
  return y;
}

__global__ void pairs(const __half2* a, float* o, int n) {
  int i = threadIdx.x;
  if (i >= n) return;
  const __half2 v = a[i], w = same(v), u(w);
  half2 z = u + v;
  auto last = z;
  last = last * 2 + 1;
  o[i] = __half2float(last.x) - __half2float(w.y);
}

extern "C" void run(const __half2* a, float* o, int n) {
  __half2* da;
  float* d;
  hipMalloc(&da, n * sizeof(__half2));
  hipMalloc(&d, n * sizeof(float));
  hipMemcpy(da, a, n * sizeof(__half2), hipMemcpyHostToDevice);
  hipLaunchKernelGGL(pairs, dim3(1), dim3(64), 0, 0, da, d, n);
  hipMemcpy(o, d, n * sizeof(float), hipMemcpyDeviceToHost);
  hipFree(da);
  hipFree(d);
}
