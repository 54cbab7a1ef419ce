// Direct convolution, NCHW, no padding: one thread per output element, 3-D grid over (pixels, output channels, images).
// shapes: 16_128_8_8_64_128_2_2_2_0 32_64_8_8_128_64_2_2_3_0 16_64_8_8_128_64_2_2_3_0
#include <cuda_runtime.h>

#define N 16
#define C 64
#define H 8
#define W 8
#define O 128
#define KH 2
#define KW 2
#define STRIDE 3

#define OH ((H - KH) / STRIDE + 1)
#define OW ((W - KW) / STRIDE + 1)

#define x4d(n, c, h, w) x[(((n) * C + (c)) * H + (h)) * W + (w)]
#define k4d(o, c, p, q) k[(((o) * C + (c)) * KH + (p)) * KW + (q)]
#define y4d(n, o, h, w) y[(((n) * O + (o)) * OH + (h)) * OW + (w)]

__global__ void conv_forward_kernel(float *y, const float *x, const float *k)
{
    const int pixel = blockIdx.x * blockDim.x + threadIdx.x;
    const int o = blockIdx.y;
    const int n = blockIdx.z;
    const int h = pixel / OW;
    const int w = pixel % OW;

    if (h < OH && w < OW) {
        float acc = 0.0f;
        for (int c = 0; c < C; c++)
            for (int p = 0; p < KH; p++)
                for (int q = 0; q < KW; q++)
                    acc += x4d(n, c, h * STRIDE + p, w * STRIDE + q) * k4d(o, c, p, q);
        y4d(n, o, h, w) = acc;
    }
}

#undef x4d
#undef k4d
#undef y4d

extern "C" void conv2dnchw(const float *x, const float *k, float *y)
{
    const int x_count = N * C * H * W;
    const int k_count = O * C * KH * KW;
    const int y_count = N * O * OH * OW;
    float *x_d, *k_d, *y_d;
    cudaMalloc((void **)&x_d, x_count * sizeof(float));
    cudaMalloc((void **)&k_d, k_count * sizeof(float));
    cudaMalloc((void **)&y_d, y_count * sizeof(float));
    cudaMemcpy(x_d, x, x_count * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(k_d, k, k_count * sizeof(float), cudaMemcpyHostToDevice);

    dim3 block(32);
    dim3 grid((OH * OW + block.x - 1) / block.x, O, N);
    conv_forward_kernel<<<grid, block>>>(y_d, x_d, k_d);

    cudaMemcpy(y, y_d, y_count * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(x_d);
    cudaFree(k_d);
    cudaFree(y_d);
}
