#include <cuda_runtime.h>
#include <iostream>
#include <vector>
#include <random>
#include <cstdlib>
#define CHECK(call) do { \
    cudaError_t err = (call); \
    if (err != cudaSuccess) { \
        fprintf(stderr, "CUDA error %s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(err)); \
        exit(EXIT_FAILURE); \
    } \
} while (0)

__global__ void scale_kernel(const float* __restrict__ in, float* __restrict__ out, float alpha, size_t n) {
  size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = in[i] * alpha;
}
int main() {
  const size_t n = 1 << 12;
  std::vector<float> h_in(n), h_out(n);
  std::mt19937 gen(42);
  std::uniform_real_distribution<float> dist(-1.0f, 1.0f);
  for (auto& v : h_in) v = dist(gen);
  float *d_in = nullptr, *d_out = nullptr;
  CHECK(cudaMalloc(&d_in, n * sizeof(float)));
  CHECK(cudaMalloc(&d_out, n * sizeof(float)));
  CHECK(cudaMemcpy(d_in, h_in.data(), n * sizeof(float), cudaMemcpyHostToDevice));
  const int threads = 128;
  const int blocks = static_cast<int>((n + threads - 1) / threads);
  scale_kernel<<<blocks, threads>>>(d_in, d_out, 2.5f, n);
  CHECK(cudaGetLastError());
  CHECK(cudaDeviceSynchronize());
  CHECK(cudaMemcpy(h_out.data(), d_out, n * sizeof(float), cudaMemcpyDeviceToHost));
  bool ok = true;
  for (size_t i = 0; i < n; ++i) if (std::abs(h_out[i] - h_in[i] * 2.5f) > 1e-6f) { ok = false; break; }
  std::cout << (ok ? "PASS" : "FAIL") << std::endl;
  CHECK(cudaFree(d_in));
  CHECK(cudaFree(d_out));
  return ok ? 0 : 1;
}
