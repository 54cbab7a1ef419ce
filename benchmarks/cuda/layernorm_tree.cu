// LayerNorm, a block per token and a thread per feature. Mean and variance are two tree reductions
// over the same shared array.
// shapes: 1_4_128 1_4_32 1_8_128 1_8_32 2_4_128 2_4_32 2_8_128 2_8_32
#include <cuda_runtime.h>

#define B 1
#define L 4
#define D 32
#define EPSILON 1e-5f

__device__ float block_sum(float *buf, float val)
{
    int tid = threadIdx.x;
    buf[tid] = val;
    __syncthreads();
    for (int stride = D / 2; stride > 0; stride >>= 1) {
        if (tid < stride)
            buf[tid] += buf[tid + stride];
        __syncthreads();
    }
    float total = buf[0];
    __syncthreads();
    return total;
}

__global__ void layernorm_kernel(const float *input, const float *gamma, const float *beta, float *output)
{
    __shared__ float buf[D];

    int idx = blockIdx.x * D + threadIdx.x;
    float x = input[idx];

    float mean = block_sum(buf, x) / D;
    float diff = x - mean;
    float var = block_sum(buf, diff * diff) / D;

    output[idx] = gamma[threadIdx.x] * diff / sqrtf(var + EPSILON) + beta[threadIdx.x];
}

extern "C" void layernorm(const float *input, const float *gamma, const float *beta, float *output)
{
    const int total = B * L * D;
    float *d_input, *d_gamma, *d_beta, *d_output;
    cudaMalloc((void **)&d_input, total * sizeof(float));
    cudaMalloc((void **)&d_gamma, D * sizeof(float));
    cudaMalloc((void **)&d_beta, D * sizeof(float));
    cudaMalloc((void **)&d_output, total * sizeof(float));
    cudaMemcpy(d_input, input, total * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_gamma, gamma, D * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_beta, beta, D * sizeof(float), cudaMemcpyHostToDevice);

    layernorm_kernel<<<B * L, D>>>(d_input, d_gamma, d_beta, d_output);
    cudaDeviceSynchronize();

    cudaMemcpy(output, d_output, total * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_input);
    cudaFree(d_gamma);
    cudaFree(d_beta);
    cudaFree(d_output);
}
