// NCHW convolution for small images: a workgroup handles one image and a group of output channels. Input planes
// pass through the LDS, eight channels at a time; thread (pixel, channel) accumulates in a register.
// shapes: 16_128_8_8_64_128_2_2_2_0 16_128_8_8_64_128_2_2_3_0 32_64_8_8_128_64_2_2_2_0
#include <hip/hip_runtime.h>

#define N 16
#define C 128
#define H 8
#define W 8
#define O 64
#define KH 2
#define KW 2
#define STRIDE 2

#define OH ((H - KH) / STRIDE + 1)
#define OW ((W - KW) / STRIDE + 1)
#define PIXELS (OH * OW)
#define O_PER_BLOCK 16
#define C_STEP 8

__global__ void conv_planes(const float* x, const float* w, float* y)
{
    __shared__ float planes[C_STEP][H][W];

    const int pixel = threadIdx.x;
    const int o = blockIdx.x * O_PER_BLOCK + threadIdx.y;
    const int n = blockIdx.y;
    const int h0 = pixel / OW * STRIDE;
    const int w0 = pixel % OW * STRIDE;
    const int thread = threadIdx.y * PIXELS + threadIdx.x;

    float acc = 0.0f;
    for (int c0 = 0; c0 < C; c0 += C_STEP) {
        for (int e = thread; e < C_STEP * H * W; e += PIXELS * O_PER_BLOCK)
            planes[e / (H * W)][e / W % H][e % W] = x[(n * C + c0) * H * W + e];
        __syncthreads();

        for (int c = 0; c < C_STEP; ++c)
            for (int kh = 0; kh < KH; ++kh)
                for (int kw = 0; kw < KW; ++kw)
                    acc += planes[c][h0 + kh][w0 + kw] * w[((o * C + c0 + c) * KH + kh) * KW + kw];
        __syncthreads();
    }
    y[(n * O + o) * PIXELS + pixel] = acc;
}

extern "C" void conv2dnchw(const float* x, const float* w, float* y)
{
    float *x_d, *w_d, *y_d;
    hipMalloc((void**)&x_d, sizeof(float) * N * C * H * W);
    hipMalloc((void**)&w_d, sizeof(float) * O * C * KH * KW);
    hipMalloc((void**)&y_d, sizeof(float) * N * O * OH * OW);
    hipMemcpy(x_d, x, sizeof(float) * N * C * H * W, hipMemcpyHostToDevice);
    hipMemcpy(w_d, w, sizeof(float) * O * C * KH * KW, hipMemcpyHostToDevice);

    hipLaunchKernelGGL(conv_planes, dim3(O / O_PER_BLOCK, N), dim3(PIXELS, O_PER_BLOCK), 0, 0, x_d, w_d, y_d);

    hipMemcpy(y, y_d, sizeof(float) * N * O * OH * OW, hipMemcpyDeviceToHost);
    hipFree(x_d);
    hipFree(w_d);
    hipFree(y_d);
}
