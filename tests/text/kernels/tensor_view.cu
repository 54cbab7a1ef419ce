#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <assert.h>

template <typename T, int D> struct TensorView { T* p; int size[D]; int stride[D];
  __device__ T& operator()(int a, int b) { return p[a * stride[0] + b * stride[1]]; } };
template <typename T> __global__ void kern(TensorView<const T, 2> in, TensorView<T, 2> out) {
  int a = blockIdx.y * blockDim.y + threadIdx.y, b = blockIdx.x * blockDim.x + threadIdx.x;
  if (a < in.size[0] && b < in.size[1]) out(b, a) = in(a, b);
}
extern "C" void run(const float* x, float* y, int h, int w) {
  float *dx, *dy;
  cudaMalloc(&dx, h * w * sizeof(float)); cudaMalloc(&dy, h * w * sizeof(float));
  cudaMemcpy(dx, x, h * w * sizeof(float), cudaMemcpyHostToDevice);
  TensorView<const float, 2> in = {dx, {h, w}, {w, 1}};
  TensorView<float, 2> out = {dy, {w, h}, {h, 1}};
  kern<float><<<dim3((w + 15) / 16, (h + 15) / 16), dim3(16, 16)>>>(in, out);
  cudaMemcpy(y, dy, h * w * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dy);
}
