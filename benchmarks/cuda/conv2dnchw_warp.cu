// NCHW convolution with a warp per output element: the lanes split the C * KH * KW products of the dot product and meet
// in a shuffle reduction. For small images with many channels.
// shapes: 32_128_8_8_64_128_2_2_3_0 32_64_8_8_128_64_2_2_2_0
#include <cuda_runtime.h>

const int N = 32;
const int C = 128;
const int H = 8;
const int W = 8;
const int O = 64;
const int KH = 2;
const int KW = 2;
const int STRIDE = 3;

const int P = (H - KH) / STRIDE + 1;
const int Q = (W - KW) / STRIDE + 1;
const int CRS = C * KH * KW;
const int OUTPUTS = N * O * P * Q;
const int WARPS_PER_BLOCK = 8;

__global__ void conv2d_warp(const float* x, const float* f, float* y)
{
    const int lane = threadIdx.x & 31;
    const int out = blockIdx.x * WARPS_PER_BLOCK + (threadIdx.x >> 5);
    if (out >= OUTPUTS) return;

    const int q = out % Q;
    const int p = out / Q % P;
    const int o = out / (Q * P) % O;
    const int n = out / (Q * P * O);

    float sum = 0.f;
    for (int i = lane; i < CRS; i += 32) {
        const int s = i % KW;
        const int r = i / KW % KH;
        const int c = i / (KW * KH);
        sum += x[((n * C + c) * H + p * STRIDE + r) * W + q * STRIDE + s] * f[o * CRS + i];
    }
    for (int delta = 16; delta > 0; delta >>= 1)
        sum += __shfl_down_sync(0xffffffff, sum, delta);
    if (lane == 0) y[out] = sum;
}

extern "C" void conv2dnchw(const float* x, const float* f, float* y)
{
    float *dx, *df, *dy;
    cudaMalloc(&dx, N * C * H * W * sizeof(float));
    cudaMalloc(&df, O * CRS * sizeof(float));
    cudaMalloc(&dy, OUTPUTS * sizeof(float));
    cudaMemcpy(dx, x, N * C * H * W * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(df, f, O * CRS * sizeof(float), cudaMemcpyHostToDevice);
    conv2d_warp<<<(OUTPUTS + WARPS_PER_BLOCK - 1) / WARPS_PER_BLOCK, WARPS_PER_BLOCK * 32>>>(dx, df, dy);
    cudaMemcpy(y, dy, OUTPUTS * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(df);
    cudaFree(dy);
}
