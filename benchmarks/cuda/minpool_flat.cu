// 2-D min pooling, NHWC. Grid-stride loop over the outputs, in the manner of Caffe's pooling kernels.
// shapes: 1_5_5_64_5_5_1_1 5_32_32_64_5_5_3_3 16_112_112_64_5_5_3_3
#include <cfloat>

#include <cuda_runtime.h>

#define N 5
#define H 32
#define W 32
#define C 64
#define K 5
#define S 3

#define KERNEL_LOOP(i, n) for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)

template <typename Dtype>
__global__ void MinPoolForward(const int nthreads, const Dtype* bottom, const int height, const int width,
                               const int channels, const int pooled_h, const int pooled_w, const int kernel,
                               const int stride, Dtype* top)
{
    KERNEL_LOOP(index, nthreads) {
        const int c = index % channels;
        const int pw = (index / channels) % pooled_w;
        const int ph = (index / channels / pooled_w) % pooled_h;
        const int n = index / channels / pooled_w / pooled_h;

        const int hstart = ph * stride;
        const int wstart = pw * stride;
        const int hend = hstart + kernel;
        const int wend = wstart + kernel;

        Dtype minval = FLT_MAX;
        const Dtype* slice = bottom + n * height * width * channels + c;
        for (int h = hstart; h < hend; ++h) {
            for (int w = wstart; w < wend; ++w) {
                const Dtype v = slice[(h * width + w) * channels];
                if (v < minval) minval = v;
            }
        }
        top[index] = minval;
    }
}

extern "C" void minpool(const float* bottom, float* top)
{
    const int pooled_h = (H - K) / S + 1;
    const int pooled_w = (W - K) / S + 1;
    const int count = N * pooled_h * pooled_w * C;

    float *bottom_data, *top_data;
    cudaMalloc(&bottom_data, sizeof(float) * N * H * W * C);
    cudaMalloc(&top_data, sizeof(float) * count);
    cudaMemcpy(bottom_data, bottom, sizeof(float) * N * H * W * C, cudaMemcpyHostToDevice);

    const int threads = 512;
    MinPoolForward<float><<<(count + threads - 1) / threads, threads>>>(count, bottom_data, H, W, C, pooled_h,
                                                                       pooled_w, K, S, top_data);
    cudaDeviceSynchronize();

    cudaMemcpy(top, top_data, sizeof(float) * count, cudaMemcpyDeviceToHost);
    cudaFree(bottom_data);
    cudaFree(top_data);
}
