// Sum pooling over square windows, NHWC, no padding. One thread per output element.
// shapes: 1_5_5_64_5_5_1_1 5_32_32_64_5_5_3_3 5_112_112_64_3_3_2_2
#include <cuda_runtime.h>

#define N 5
#define H 32
#define W 32
#define C 64
#define K 5
#define S 3

__global__ void sumpool_kernel(const float* input, float* output, int n, int h, int w, int c, int k, int s) {
  const int oh = (h - k) / s + 1;
  const int ow = (w - k) / s + 1;
  const int idx = blockIdx.x * blockDim.x + threadIdx.x;
  if (idx < n * oh * ow * c) {
    const int ch = idx % c;
    const int col = (idx / c) % ow;
    const int row = (idx / c / ow) % oh;
    const int img = idx / c / ow / oh;

    float sum = 0.0f;
    for (int i = 0; i < k; ++i)
      for (int j = 0; j < k; ++j)
        sum += input[((img * h + row * s + i) * w + col * s + j) * c + ch];
    output[idx] = sum;
  }
}

extern "C" void sumpool(const float* input, float* output) {
  const int out_h = (H - K) / S + 1;
  const int out_w = (W - K) / S + 1;
  const int in_size = N * H * W * C;
  const int out_size = N * out_h * out_w * C;

  float *d_in, *d_out;
  cudaMalloc((void**)&d_in, in_size * sizeof(float));
  cudaMalloc((void**)&d_out, out_size * sizeof(float));
  cudaMemcpy(d_in, input, in_size * sizeof(float), cudaMemcpyHostToDevice);

  sumpool_kernel<<<(out_size + 1023) / 1024, 1024>>>(d_in, d_out, N, H, W, C, K, S);
  cudaDeviceSynchronize();

  cudaMemcpy(output, d_out, out_size * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_in);
  cudaFree(d_out);
}
