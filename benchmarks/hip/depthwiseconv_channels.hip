// Depthwise convolution of one H x H x C image (HWC), a K x K filter for each channel, stride 1, no padding.
// A workgroup covers the channels of one output pixel.
// shapes: 6_3_128 128_3_128 192_3_128 256_3_128
#include <hip/hip_runtime.h>

#define H 128
#define K 3
#define C 128

#define OUT_H (H - K + 1)

__global__ void __launch_bounds__(C) depthwise_hwc(const float* __restrict__ image, const float* __restrict__ filter,
                                                   float* __restrict__ result)
{
    const int c = threadIdx.x;
    const int col = blockIdx.x;
    const int row = blockIdx.y;

    float acc = 0.0f;
#pragma unroll
    for (int i = 0; i < K; ++i) {
#pragma unroll
        for (int j = 0; j < K; ++j) {
            acc = fmaf(image[((row + i) * H + col + j) * C + c], filter[(i * K + j) * C + c], acc);
        }
    }
    result[(row * OUT_H + col) * C + c] = acc;
}

extern "C" void depthwiseconv(const float* image, const float* filter, float* result)
{
    const size_t image_bytes = sizeof(float) * H * H * C;
    const size_t filter_bytes = sizeof(float) * K * K * C;
    const size_t result_bytes = sizeof(float) * OUT_H * OUT_H * C;
    float *d_image, *d_filter, *d_result;
    hipMalloc(&d_image, image_bytes);
    hipMalloc(&d_filter, filter_bytes);
    hipMalloc(&d_result, result_bytes);
    hipMemcpy(d_image, image, image_bytes, hipMemcpyHostToDevice);
    hipMemcpy(d_filter, filter, filter_bytes, hipMemcpyHostToDevice);

    depthwise_hwc<<<dim3(OUT_H, OUT_H), dim3(C)>>>(d_image, d_filter, d_result);
    hipDeviceSynchronize();

    hipMemcpy(result, d_result, result_bytes, hipMemcpyDeviceToHost);
    hipFree(d_image);
    hipFree(d_filter);
    hipFree(d_result);
}
