// 1-D convolution with the taps in constant memory and the input staged in shared memory: each block loads its outputs'
// inputs plus RADIUS more on the right, then slides over them.
// shapes: 256_258 312_314
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CUDA_CHECK(call)                                                                  \
  do {                                                                                    \
    const cudaError_t status = (call);                                                    \
    if (status != cudaSuccess) {                                                          \
      std::fprintf(stderr, "%s failed: %s\n", #call, cudaGetErrorString(status));         \
      std::exit(EXIT_FAILURE);                                                            \
    }                                                                                     \
  } while (0)

constexpr int IN = 258;
constexpr int OUT = 256;
constexpr int TAPS = IN - OUT + 1;
constexpr int RADIUS = TAPS - 1;
constexpr int BLOCK_DIM = 64;
constexpr int SPAN = BLOCK_DIM + RADIUS;

__constant__ float c_taps[TAPS];

__global__ void conv1dTile(const float* __restrict__ in, float* __restrict__ out) {
  __shared__ float tile[SPAN];

  const int base = blockIdx.x * BLOCK_DIM;
  for (int i = threadIdx.x; i < SPAN; i += BLOCK_DIM) {
    if (base + i < IN) tile[i] = in[base + i];
  }
  __syncthreads();

  const int o = base + threadIdx.x;
  if (o < OUT) {
    float acc = 0.0f;
#pragma unroll
    for (int k = 0; k < TAPS; ++k) acc = fmaf(tile[threadIdx.x + k], c_taps[k], acc);
    out[o] = acc;
  }
}

extern "C" void conv1d(const float* input, const float* weight, float* output) {
  float *in_dev, *out_dev;
  CUDA_CHECK(cudaMalloc(&in_dev, IN * sizeof(float)));
  CUDA_CHECK(cudaMalloc(&out_dev, OUT * sizeof(float)));
  CUDA_CHECK(cudaMemcpy(in_dev, input, IN * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_CHECK(cudaMemcpyToSymbol(c_taps, weight, TAPS * sizeof(float)));

  conv1dTile<<<(OUT + BLOCK_DIM - 1) / BLOCK_DIM, BLOCK_DIM>>>(in_dev, out_dev);
  CUDA_CHECK(cudaGetLastError());
  CUDA_CHECK(cudaDeviceSynchronize());

  CUDA_CHECK(cudaMemcpy(output, out_dev, OUT * sizeof(float), cudaMemcpyDeviceToHost));
  CUDA_CHECK(cudaFree(in_dev));
  CUDA_CHECK(cudaFree(out_dev));
}
