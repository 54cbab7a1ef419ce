#include <cuda_runtime.h>
#include <algorithm>
inline void gpuAssert(cudaError_t code, const char *file, int line, bool abort = true) {
  if (code != cudaSuccess) {
    fprintf(stderr, "GPUassert: %s %s %d\n", cudaGetErrorString(code), file, line);
    if (abort) exit(code);
  }
}
#define gpuErrchk(ans) { gpuAssert((ans), __FILE__, __LINE__); }
__global__ void reduce(const float* in, float* out, int n) {
  extern __shared__ float s[];
  int tid = threadIdx.x;
  int i = blockIdx.x * blockDim.x * 2 + threadIdx.x;
  float v = i < n ? in[i] : 0.0f;
  if (i + blockDim.x < n) v += in[i + blockDim.x];
  s[tid] = v;
  __syncthreads();
  for (unsigned k = blockDim.x / 2; k > 0; k >>= 1) {
    if (tid < k) s[tid] += s[tid + k];
    __syncthreads();
  }
  if (tid == 0) out[blockIdx.x] = s[0];
}
static int divUp(int a, int b) { return (a + b - 1) / b; }
extern "C" void sum(const float* h_in, float* h_out, int n) {
  const int threads = 128;
  int blocks = std::min(divUp(n, threads * 2), 1024);
  float *d_in, *d_part, *d_out;
  gpuErrchk(cudaMalloc(&d_in, n * sizeof(float)));
  gpuErrchk(cudaMalloc(&d_part, blocks * sizeof(float)));
  gpuErrchk(cudaMalloc(&d_out, sizeof(float)));
  gpuErrchk(cudaMemcpy(d_in, h_in, n * sizeof(float), cudaMemcpyHostToDevice));
  reduce<<<blocks, threads, threads * sizeof(float)>>>(d_in, d_part, n);
  gpuErrchk(cudaPeekAtLastError());
  reduce<<<1, threads, threads * sizeof(float)>>>(d_part, d_out, blocks);
  gpuErrchk(cudaDeviceSynchronize());
  gpuErrchk(cudaMemcpy(h_out, d_out, sizeof(float), cudaMemcpyDeviceToHost));
  cudaFree(d_in); cudaFree(d_part); cudaFree(d_out);
}
