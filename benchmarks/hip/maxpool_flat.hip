// Max pooling, NHWC, square window, no padding. One thread per output element; the flat index is taken
// apart from the channel outwards, so neighbouring threads read neighbouring channels.
// shapes: 1_5_5_64_5_5_1_1 4_8_8_64_3_3_2_2 5_32_32_64_5_5_3_3 16_112_112_64_5_5_3_3
#include <hip/hip_runtime.h>

#include <float.h>

#define N 4
#define H 8
#define W 8
#define C 64
#define K 3
#define S 2

#define OH ((H - K) / S + 1)
#define OW ((W - K) / S + 1)

__global__ void maxpool2d_nhwc(const float* __restrict__ bottom, float* __restrict__ top, int count)
{
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index < count) {
        int c = index % C;
        int ow = index / C % OW;
        int oh = index / C / OW % OH;
        int n = index / C / OW / OH;

        float best = -FLT_MAX;
        for (int kh = 0; kh < K; ++kh) {
            for (int kw = 0; kw < K; ++kw) {
                int h = oh * S + kh;
                int w = ow * S + kw;
                best = max(best, bottom[((n * H + h) * W + w) * C + c]);
            }
        }
        top[index] = best;
    }
}

extern "C" void maxpool(const float* bottom, float* top)
{
    const int count = N * OH * OW * C;
    float *bottom_dev, *top_dev;
    hipMalloc(&bottom_dev, N * H * W * C * sizeof(float));
    hipMalloc(&top_dev, count * sizeof(float));
    hipMemcpy(bottom_dev, bottom, N * H * W * C * sizeof(float), hipMemcpyHostToDevice);

    hipLaunchKernelGGL(maxpool2d_nhwc, dim3((count + 255) / 256), dim3(256), 0, 0, bottom_dev, top_dev, count);

    hipMemcpy(top, top_dev, count * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(bottom_dev);
    hipFree(top_dev);
}
