// Max pooling in the manner of Caffe2: CUDA_1D_KERNEL_LOOP over the outputs, bounds of the window computed first.
// shapes: 16_112_112_64_5_5_3_3 4_35_35_192_5_5_2_2
#include <cuda_runtime.h>

#include <algorithm>
#include <cfloat>

#define CUDA_1D_KERNEL_LOOP(i, n) \
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)

constexpr int N = 4;
constexpr int H = 35;
constexpr int W = 35;
constexpr int C = 192;
constexpr int K = 5;
constexpr int S = 2;
constexpr int OH = (H - K) / S + 1;
constexpr int OW = (W - K) / S + 1;

constexpr int CAFFE_CUDA_NUM_THREADS = 512;
constexpr int CAFFE_MAXIMUM_NUM_BLOCKS = 4096;

inline int CAFFE_GET_BLOCKS(const int count) {
  return std::max(std::min((count + CAFFE_CUDA_NUM_THREADS - 1) / CAFFE_CUDA_NUM_THREADS, CAFFE_MAXIMUM_NUM_BLOCKS), 1);
}

__global__ void MaxPoolForwardNHWC(const int nthreads, const float* bottom_data, const int height, const int width,
                                   const int channels, const int pooled_height, const int pooled_width,
                                   const int kernel_size, const int stride, float* top_data) {
  CUDA_1D_KERNEL_LOOP(index, nthreads) {
    int n = index;
    const int c = n % channels;
    n /= channels;
    const int wstart = (n % pooled_width) * stride;
    const int wend = min(wstart + kernel_size, width);
    n /= pooled_width;
    const int hstart = (n % pooled_height) * stride;
    const int hend = min(hstart + kernel_size, height);
    n /= pooled_height;

    float maxval = -FLT_MAX;
    const float* bottom_data_offset = bottom_data + n * height * width * channels;
    for (int h = hstart; h < hend; ++h) {
      for (int w = wstart; w < wend; ++w) {
        const int bottom_offset = (h * width + w) * channels + c;
        maxval = max(maxval, bottom_data_offset[bottom_offset]);
      }
    }
    top_data[index] = maxval;
  }
}

extern "C" void maxpool(const float* X, float* Y) {
  const int output_size = N * OH * OW * C;
  float *X_dev, *Y_dev;
  cudaMalloc(&X_dev, N * H * W * C * sizeof(float));
  cudaMalloc(&Y_dev, output_size * sizeof(float));
  cudaMemcpy(X_dev, X, N * H * W * C * sizeof(float), cudaMemcpyHostToDevice);

  MaxPoolForwardNHWC<<<CAFFE_GET_BLOCKS(output_size), CAFFE_CUDA_NUM_THREADS, 0, 0>>>(
      output_size, X_dev, H, W, C, OH, OW, K, S, Y_dev);

  cudaMemcpy(Y, Y_dev, output_size * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(X_dev);
  cudaFree(Y_dev);
}
