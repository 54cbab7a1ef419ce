#include <cuda_runtime.h>
struct ScaledRelu {
  float slope;
  __host__ __device__ explicit ScaledRelu(float s) : slope(s) {}
  __device__ float operator()(float v) const { return v > 0.0f ? v : slope * v; }
};
struct Square { __device__ float operator()(float v) const { return v * v; } };
template <typename F, typename G>
__global__ void apply(const float* x, float* y, int n, F f, G g) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = f(x[i]) + g(x[i]);
}
extern "C" void run(const float* x, float* y, int n) {
  float *d_x, *d_y;
  cudaMalloc(&d_x, n * sizeof(float));
  cudaMalloc(&d_y, n * sizeof(float));
  cudaMemcpy(d_x, x, n * sizeof(float), cudaMemcpyHostToDevice);
  apply<<<(n + 127) / 128, 128>>>(d_x, d_y, n, ScaledRelu(0.25f), Square());
  cudaMemcpy(y, d_y, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
