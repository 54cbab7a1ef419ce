#include <cuda_runtime.h>
#include <stdio.h>
struct GpuBuffer { float* p; int n; };
__device__ float d_data[128];
static float* g_in; static float* g_out;
__global__ void scale(float* out, const float* in, float f, int n) { int i = threadIdx.x + blockIdx.x * blockDim.x; if (i < n) out[i] = in[i] * f + d_data[i % 128]; }
void init(int n) { cudaMalloc(&g_in, n * sizeof(float)); cudaMalloc(&g_out, n * sizeof(float)); }
void upload(const float* h, int n) { cudaMemcpy(g_in, h, n * sizeof(float), cudaMemcpyHostToDevice); }
void compute(int n) { dim3 b = {128, 1, 1}; dim3 g; g.x = n / b.x + (n % b.x != 0); scale<<<g, b>>>(g_out, g_in, 3.0f, n); cudaError_t e = cudaGetLastError(); if (e != cudaSuccess) throw 1; }
void download(float* h, int n) { cudaMemcpy(h, g_out, n * sizeof(float), cudaMemcpyDeviceToHost); }
void cleanup() { cudaFree(g_in); cudaFree(g_out); }
int main() {
  const int N = 1000;
  static float in[N], out[N]; float w[128];
  for (int i = 0; i < N; ++i) in[i] = i; for (int i = 0; i < 128; i++) w[i] = 1;
  cudaMemcpyToSymbol(d_data, w, sizeof(w));
  init(N); upload(in, N); compute(N); download(out, N); cleanup();
  printf("%f\n", out[999]);
}
