#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

template <bool RELU, int VEC, typename T>
__device__ T transform(T v) {
  if constexpr (RELU) { v = v > T(0) ? v : T(0); }
  if constexpr (VEC == 1) return v;
  else { T r = v; for (int i = 1; i < VEC; ++i) r += v * T(i); return r; }
}
template <int N> struct Pow { static const int value = 2 * Pow<N - 1>::value; };
template <> struct Pow<0> { static const int value = 1; };
template <typename T> struct Traits; 
template <> struct Traits<float> { static constexpr float eps = 1e-3f; using acc = double; };
constexpr int fact(int n) { return n <= 1 ? 1 : n * fact(n - 1); }
__global__ void k(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    Traits<float>::acc s = transform<true, 1>(x[i]);
    s += transform<false, Pow<2>::value>(x[i]) + Traits<float>::eps + fact(4);
    y[i] = (float)s;
  }
}
extern "C" void run(const float* x, float* y, int n) {
  float* d_x;
  cudaMalloc(&d_x, (n) * sizeof(float));
  cudaMemcpy(d_x, x, (n) * sizeof(float), cudaMemcpyHostToDevice);
  float* d_y;
  cudaMalloc(&d_y, (n) * sizeof(float));
  k<<<(n + 63) / 64, 64>>>(d_x, d_y, n);
  cudaMemcpy(y, d_y, (n) * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
