// 3 x 3 maximum over NHWC images, stride 2, no padding: [n, 16, 16, 64] -> [n, 7, 7, 64].
// One thread per output element, in the order of the output array; the channel runs fastest so that
// neighbouring threads read neighbouring addresses.
#include <cuda_runtime.h>
#include <math.h>

constexpr int H = 16, W = 16, C = 64;
constexpr int WINDOW = 3, STRIDE = 2;
constexpr int OH = (H - WINDOW) / STRIDE + 1;
constexpr int OW = (W - WINDOW) / STRIDE + 1;

__global__ void maxpool_kernel(const float* __restrict__ x, float* __restrict__ y, int total) {
  const int index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= total) {
    return;
  }
  const int c = index % C;
  const int ow = index / C % OW;
  const int oh = index / (C * OW) % OH;
  const int image = index / (C * OW * OH);

  float top = -INFINITY;
  for (int kh = 0; kh < WINDOW; ++kh) {
    for (int kw = 0; kw < WINDOW; ++kw) {
      const int h = oh * STRIDE + kh;
      const int w = ow * STRIDE + kw;
      top = fmaxf(top, x[((image * H + h) * W + w) * C + c]);
    }
  }
  y[index] = top;
}

extern "C" void maxpool(const float* x, float* y, int n) {
  const int total = n * OH * OW * C;
  float *d_x, *d_y;
  cudaMalloc(&d_x, n * H * W * C * sizeof(float));
  cudaMalloc(&d_y, total * sizeof(float));
  cudaMemcpy(d_x, x, n * H * W * C * sizeof(float), cudaMemcpyHostToDevice);

  maxpool_kernel<<<(total + 255) / 256, 256>>>(d_x, d_y, total);

  cudaMemcpy(y, d_y, total * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_y);
}
