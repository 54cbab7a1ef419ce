// Two-pass layer normalisation, one block of D threads per token, grid (L, B). Mean and variance are tree reductions
// in shared memory.
// shapes: 1_4_32 2_4_128
#include <cuda_runtime.h>
#include <stdio.h>

constexpr int B = 2;
constexpr int L = 4;
constexpr int D = 128;
constexpr float EPSILON = 1e-5f;

#define cudaCheckErrors(msg)                                                            \
    do {                                                                                \
        cudaError_t __err = cudaGetLastError();                                         \
        if (__err != cudaSuccess) {                                                     \
            printf("Fatal error: %s (%s)\n", msg, cudaGetErrorString(__err));           \
        }                                                                               \
    } while (0)

__device__ float block_sum(float *buf, float v)
{
    const int t = threadIdx.x;
    buf[t] = v;
    __syncthreads();
    for (unsigned int s = blockDim.x >> 1; s > 0; s >>= 1) {
        if (t < s) {
            buf[t] += buf[t + s];
        }
        __syncthreads();
    }
    float total = buf[0];
    __syncthreads();  // buf is used again
    return total;
}

__global__ void layernorm_token(const float *input, const float *scale, const float *shift, float *output)
{
    __shared__ float buf[D];

    const int token = blockIdx.y * gridDim.x + blockIdx.x;
    const int d = threadIdx.x;
    const float x = input[token * D + d];

    const float mean = block_sum(buf, x) / D;
    const float centred = x - mean;
    const float variance = block_sum(buf, centred * centred) / D;

    output[token * D + d] = scale[d] * centred / sqrtf(variance + EPSILON) + shift[d];
}

extern "C" void layernorm(const float *input, const float *scale, const float *shift, float *output)
{
    const int count = B * L * D;
    float *d_input, *d_scale, *d_shift, *d_output;
    cudaMalloc((void **)&d_input, count * sizeof(float));
    cudaMalloc((void **)&d_scale, D * sizeof(float));
    cudaMalloc((void **)&d_shift, D * sizeof(float));
    cudaMalloc((void **)&d_output, count * sizeof(float));
    cudaMemcpy(d_input, input, count * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_scale, scale, D * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_shift, shift, D * sizeof(float), cudaMemcpyHostToDevice);
    cudaCheckErrors("copies to the device");

    dim3 grid(L, B);
    layernorm_token<<<grid, D>>>(d_input, d_scale, d_shift, d_output);
    cudaCheckErrors("kernel launch");

    cudaMemcpy(output, d_output, count * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_input);
    cudaFree(d_scale);
    cudaFree(d_shift);
    cudaFree(d_output);
}
