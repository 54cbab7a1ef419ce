// Depthwise 2-D convolution, one H x H image with channels last, K x K per channel, valid, stride 1.
// A flat index over the output is taken apart into row, column and channel.
// shapes: 6_3_3 6_3_128 192_3_3
#include <cuda_runtime.h>

#define H 6
#define K 3
#define C 3

#define OUT_H (H - K + 1)
#define OUT_SIZE (OUT_H * OUT_H * C)
#define BLOCK_SIZE 256

__global__ void depthwise_conv2d(const float *input, const float *filter, float *output, int total)
{
    int idx = blockIdx.x * blockDim.x + threadIdx.x;
    if (idx >= total)
        return;

    int c = idx % C;
    int w = (idx / C) % OUT_H;
    int h = idx / (C * OUT_H);

    float sum = 0.0f;
    for (int kh = 0; kh < K; kh++) {
        for (int kw = 0; kw < K; kw++) {
            int in_idx = ((h + kh) * H + (w + kw)) * C + c;
            int f_idx = (kh * K + kw) * C + c;
            sum += input[in_idx] * filter[f_idx];
        }
    }
    output[idx] = sum;
}

extern "C" void depthwiseconv(const float *input, const float *filter, float *output)
{
    float *d_input, *d_filter, *d_output;
    cudaMalloc(&d_input, H * H * C * sizeof(float));
    cudaMalloc(&d_filter, K * K * C * sizeof(float));
    cudaMalloc(&d_output, OUT_SIZE * sizeof(float));
    cudaMemcpy(d_input, input, H * H * C * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_filter, filter, K * K * C * sizeof(float), cudaMemcpyHostToDevice);

    int blocks = (OUT_SIZE + BLOCK_SIZE - 1) / BLOCK_SIZE;
    depthwise_conv2d<<<blocks, BLOCK_SIZE>>>(d_input, d_filter, d_output, OUT_SIZE);
    cudaDeviceSynchronize();

    cudaMemcpy(output, d_output, OUT_SIZE * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_input);
    cudaFree(d_filter);
    cudaFree(d_output);
}
