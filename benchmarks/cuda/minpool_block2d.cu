// Min pooling of NHWC with blocks of 32 channels x 8 output columns; rows and images are blockIdx.y and .z.
// Columns beyond the last leave early.
// shapes: 4_8_8_64_3_3_2_2 4_35_35_192_5_5_2_2 5_112_112_64_3_3_2_2
#include <cuda_runtime.h>
#include <math_constants.h>

#include <cstdio>

constexpr int N = 4;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int K = 3;
constexpr int S = 2;

constexpr int PH = (H - K) / S + 1;
constexpr int PW = (W - K) / S + 1;
constexpr int TX = 32;
constexpr int TY = 8;
constexpr int CHANNEL_BLOCKS = C / TX;

static_assert(C % TX == 0, "channels fill the blocks");

__global__ void min_pool(const float* __restrict__ in, float* __restrict__ out)
{
    const int c = blockIdx.x % CHANNEL_BLOCKS * TX + threadIdx.x;
    const int pw = blockIdx.x / CHANNEL_BLOCKS * TY + threadIdx.y;
    const int ph = blockIdx.y;
    const int n = blockIdx.z;
    if (pw >= PW) return;

    float least = CUDART_INF_F;
    for (int i = 0; i < K; ++i) {
        const float* row = &in[((n * H + ph * S + i) * W + pw * S) * C + c];
#pragma unroll
        for (int j = 0; j < K; ++j) least = fminf(least, row[j * C]);
    }
    out[((n * PH + ph) * PW + pw) * C + c] = least;
}

extern "C" void minpool(const float* in, float* out)
{
    float *in_dev = nullptr, *out_dev = nullptr;
    cudaMalloc((void**)&in_dev, sizeof(float) * N * H * W * C);
    cudaMalloc((void**)&out_dev, sizeof(float) * N * PH * PW * C);
    cudaMemcpy(in_dev, in, sizeof(float) * N * H * W * C, cudaMemcpyHostToDevice);

    const dim3 threads(TX, TY);
    const dim3 blocks(CHANNEL_BLOCKS * ((PW + TY - 1) / TY), PH, N);
    min_pool<<<blocks, threads>>>(in_dev, out_dev);
    if (cudaDeviceSynchronize() != cudaSuccess) printf("min_pool failed\n");

    cudaMemcpy(out, out_dev, sizeof(float) * N * PH * PW * C, cudaMemcpyDeviceToHost);
    cudaFree(in_dev);
    cudaFree(out_dev);
}
