#include <cuda_runtime.h>
enum Activation { RELU, GELU, SIGMOID, LEAKY = 10, NONE };
__device__ __forceinline__ float activate(float x, Activation act) {
  switch (act) {
    case RELU: return x > 0 ? x : 0;
    case GELU: return 0.5f * x * (1.0f + tanhf(0.797884f * (x + 0.044715f * x * x * x)));
    case SIGMOID: return 1.0f / (1.0f + expf(-x));
    case LEAKY: return x > 0 ? x : 0.01f * x;
    default: return x;
  }
}
__global__ void apply(const float* x, const int* kinds, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int k = kinds[i] & 15;
  y[i] = activate(x[i], static_cast<Activation>(k));
}
__global__ void classify(const int* x, int* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int v = x[i], w = 0;
  switch (v & 7) {
    case 0: w += 1;
    case 1: w += 10;
    case 2: w += 100; break;
    case 3: { w = 7; if (v > 20) break; w = 8; }
    case 4: w *= 2; break;
    default: w = -1;
    case 6: w -= 5;
  }
  y[i] = w;
}
extern "C" void run(const float* x, const int* kinds, float* y, int* z, int n) {
  float *dx, *dy; int *dk, *dz;
  cudaMalloc(&dx, n * sizeof(float)); cudaMalloc(&dy, n * sizeof(float)); cudaMalloc(&dk, n * sizeof(int)); cudaMalloc(&dz, n * sizeof(int));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dk, kinds, n * sizeof(int), cudaMemcpyHostToDevice);
  apply<<<(n + 255) / 256, 256>>>(dx, dk, dy, n);
  classify<<<(n + 255) / 256, 256>>>(dk, dz, n);
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(z, dz, n * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(dx); cudaFree(dy); cudaFree(dk); cudaFree(dz);
}
