// Direct 2-D convolution, NHWC input, OHWI filters, no padding. Grid-stride loop over the output elements; the
// innermost index is the output channel.
// shapes: 16_8_8_128_64_2_2_128_2_0 16_8_8_64_64_2_2_64_3_0 32_8_8_128_64_2_2_128_3_0 32_8_8_64_64_2_2_64_2_0
#include <cuda_runtime.h>

#define N 16
#define H 8
#define W 8
#define C 64
#define O 64
#define KH 2
#define KW 2
#define STRIDE 3

#define OH ((H - KH) / STRIDE + 1)
#define OW ((W - KW) / STRIDE + 1)

#define CUDA_KERNEL_LOOP(i, n) \
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)

__global__ void conv2d_nhwc(const int nthreads, const float* __restrict__ input, const float* __restrict__ filter,
                            float* __restrict__ output) {
  CUDA_KERNEL_LOOP(index, nthreads) {
    const int oc = index % O;
    const int ow = (index / O) % OW;
    const int oh = (index / O / OW) % OH;
    const int n = index / O / OW / OH;

    float value = 0.0f;
    for (int kh = 0; kh < KH; ++kh) {
      const int ih = oh * STRIDE + kh;
      for (int kw = 0; kw < KW; ++kw) {
        const int iw = ow * STRIDE + kw;
        const float* pixel = input + ((n * H + ih) * W + iw) * C;
        const float* tap = filter + ((oc * KH + kh) * KW + kw) * C;
        for (int ic = 0; ic < C; ++ic) {
          value += pixel[ic] * tap[ic];
        }
      }
    }
    output[index] = value;
  }
}

extern "C" void conv2d(const float* input, const float* filter, float* output) {
  const size_t input_bytes = sizeof(float) * N * H * W * C;
  const size_t filter_bytes = sizeof(float) * O * KH * KW * C;
  const size_t output_bytes = sizeof(float) * N * OH * OW * O;

  float *d_input, *d_filter, *d_output;
  cudaMalloc(&d_input, input_bytes);
  cudaMalloc(&d_filter, filter_bytes);
  cudaMalloc(&d_output, output_bytes);
  cudaMemcpy(d_input, input, input_bytes, cudaMemcpyHostToDevice);
  cudaMemcpy(d_filter, filter, filter_bytes, cudaMemcpyHostToDevice);

  const int count = N * OH * OW * O;
  conv2d_nhwc<<<32, 128>>>(count, d_input, d_filter, d_output);

  cudaMemcpy(output, d_output, output_bytes, cudaMemcpyDeviceToHost);
  cudaFree(d_input);
  cudaFree(d_filter);
  cudaFree(d_output);
}
