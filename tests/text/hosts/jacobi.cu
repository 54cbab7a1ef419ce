#include <cstdio>
#include <utility>
__global__ void jacobi(const float* in, float* out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i > 0 && i < n - 1) out[i] = 0.5f * (in[i - 1] + in[i + 1]);
  else if (i < n) out[i] = in[i];
}
extern "C" void solve(float* h_u, int n, int iters) {
  float *d_a, *d_b;
  size_t bytes = n * sizeof(float);
  cudaMalloc(&d_a, bytes);
  cudaMalloc(&d_b, bytes);
  cudaMemcpy(d_a, h_u, bytes, cudaMemcpyHostToDevice);
  dim3 block(128);
  dim3 grid((n + block.x - 1) / block.x);
  for (int it = 0; it < iters; ++it) {
    jacobi<<<grid, block>>>(d_a, d_b, n);
    float* tmp = d_a; d_a = d_b; d_b = tmp;
  }
  cudaMemcpy(h_u, d_a, bytes, cudaMemcpyDeviceToHost);
  cudaFree(d_a);
  cudaFree(d_b);
}
