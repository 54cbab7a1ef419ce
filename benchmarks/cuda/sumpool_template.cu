// Windowed reduction of NHWC images with a reduction functor, instantiated for the sum. Block (32, 8): 32 channels of
// 8 neighbouring output columns; grid over columns, rows, and images times channel blocks.
// shapes: 4_8_8_64_3_3_2_2 16_64_64_64_5_5_2_2 4_35_35_192_5_5_2_2
#include <cuda_runtime.h>

constexpr int N = 4;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int K = 3;
constexpr int S = 2;

constexpr int OUT_H = (H - K) / S + 1;
constexpr int OUT_W = (W - K) / S + 1;
constexpr int kChannels = 32;
constexpr int kColumns = 8;

struct SumReducer {
    static __device__ __forceinline__ float init() { return 0.0f; }
    static __device__ __forceinline__ float combine(float a, float b) { return a + b; }
};

template <class Reducer, int Window, int Step>
__global__ void pool2d_nhwc(const float* __restrict__ src, float* __restrict__ dst)
{
    const int col = blockIdx.x * kColumns + threadIdx.y;
    const int row = blockIdx.y;
    const int image = blockIdx.z / (C / kChannels);
    const int channel = blockIdx.z % (C / kChannels) * kChannels + threadIdx.x;
    if (col >= OUT_W) return;

    float acc = Reducer::init();
#pragma unroll
    for (int dy = 0; dy < Window; ++dy) {
        const float* line = &src[((image * H + row * Step + dy) * W + col * Step) * C + channel];
#pragma unroll
        for (int dx = 0; dx < Window; ++dx) acc = Reducer::combine(acc, line[dx * C]);
    }
    dst[((image * OUT_H + row) * OUT_W + col) * C + channel] = acc;
}

extern "C" void sumpool(const float* src, float* dst)
{
    static_assert(C % kChannels == 0, "whole warps of channels");
    float *src_dev, *dst_dev;
    cudaMalloc(&src_dev, sizeof(float) * N * H * W * C);
    cudaMalloc(&dst_dev, sizeof(float) * N * OUT_H * OUT_W * C);
    cudaMemcpy(src_dev, src, sizeof(float) * N * H * W * C, cudaMemcpyHostToDevice);

    const dim3 block(kChannels, kColumns);
    const dim3 grid((OUT_W + kColumns - 1) / kColumns, OUT_H, N * (C / kChannels));
    pool2d_nhwc<SumReducer, K, S><<<grid, block>>>(src_dev, dst_dev);

    cudaMemcpy(dst, dst_dev, sizeof(float) * N * OUT_H * OUT_W * C, cudaMemcpyDeviceToHost);
    cudaFree(src_dev);
    cudaFree(dst_dev);
}
