// Average pooling (NHWC, square window, valid), flat index, with a grid-stride loop.
// shapes: 1_5_5_64_5_5_1_1 4_8_8_64_3_3_2_2 5_32_32_64_5_5_3_3 16_64_64_64_5_5_2_2
#include <hip/hip_runtime.h>

#define N 1
#define H 5
#define W 5
#define C 64
#define K 5
#define S 1
#define POOLED_H ((H - K) / S + 1)
#define POOLED_W ((W - K) / S + 1)

__global__ void ave_pool_forward(const int nthreads, const float* const bottom_data, float* const top_data)
{
    for (int index = blockIdx.x * blockDim.x + threadIdx.x; index < nthreads; index += blockDim.x * gridDim.x) {
        const int c = index % C;
        const int pw = (index / C) % POOLED_W;
        const int ph = (index / C / POOLED_W) % POOLED_H;
        const int n = index / C / POOLED_W / POOLED_H;
        const int hstart = ph * S;
        const int wstart = pw * S;
        const int hend = min(hstart + K, H);
        const int wend = min(wstart + K, W);
        const int pool_size = (hend - hstart) * (wend - wstart);

        float aveval = 0;
        for (int h = hstart; h < hend; ++h) {
            for (int w = wstart; w < wend; ++w) {
                aveval += bottom_data[((n * H + h) * W + w) * C + c];
            }
        }
        top_data[index] = aveval / pool_size;
    }
}

extern "C" void avgpool(const float* bottom, float* top)
{
    const int bottom_count = N * H * W * C;
    const int top_count = N * POOLED_H * POOLED_W * C;
    float *bottom_data, *top_data;
    hipMalloc(&bottom_data, bottom_count * sizeof(float));
    hipMalloc(&top_data, top_count * sizeof(float));
    hipMemcpy(bottom_data, bottom, bottom_count * sizeof(float), hipMemcpyHostToDevice);

    hipLaunchKernelGGL(ave_pool_forward, dim3(64), dim3(256), 0, 0, top_count, bottom_data, top_data);

    hipMemcpy(top, top_data, top_count * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(bottom_data);
    hipFree(top_data);
}
