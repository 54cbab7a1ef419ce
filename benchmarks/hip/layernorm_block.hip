// Layer normalisation, workgroup per row: mean first, then the variance around it (two passes).
// Partial sums meet in the LDS, halving the active threads each time.
// shapes: 1_4_32 1_8_32 2_8_128
#include <hip/hip_runtime.h>
#include <assert.h>

#define HIP_ASSERT(x) (assert((x) == hipSuccess))

#define B 2
#define L 8
#define D 128

#define THREADS 64

__device__ float block_sum(float v, float* scratch)
{
    const int tid = threadIdx.x;
    scratch[tid] = v;
    __syncthreads();
    for (int active = THREADS / 2; active >= 1; active /= 2)
    {
        if (tid < active)
        {
            scratch[tid] += scratch[tid + active];
        }
        __syncthreads();
    }
    const float total = scratch[0];
    __syncthreads();
    return total;
}

__global__ void layernorm_kernel(const float* input, const float* weight, const float* bias, float* output, float eps)
{
    __shared__ float scratch[THREADS];
    const int offset = blockIdx.x * D;

    float partial = 0.f;
    for (int d = threadIdx.x; d < D; d += blockDim.x)
    {
        partial += input[offset + d];
    }
    const float mean = block_sum(partial, scratch) / D;

    partial = 0.f;
    for (int d = threadIdx.x; d < D; d += blockDim.x)
    {
        const float centred = input[offset + d] - mean;
        partial += centred * centred;
    }
    const float inv_std = 1.f / sqrtf(block_sum(partial, scratch) / D + eps);

    for (int d = threadIdx.x; d < D; d += blockDim.x)
    {
        output[offset + d] = weight[d] * ((input[offset + d] - mean) * inv_std) + bias[d];
    }
}

extern "C" void layernorm(const float* input, const float* weight, const float* bias, float* output)
{
    const size_t tensor_bytes = sizeof(float) * B * L * D;
    const size_t vector_bytes = sizeof(float) * D;
    float *d_input, *d_weight, *d_bias, *d_output;
    HIP_ASSERT(hipMalloc(&d_input, tensor_bytes));
    HIP_ASSERT(hipMalloc(&d_weight, vector_bytes));
    HIP_ASSERT(hipMalloc(&d_bias, vector_bytes));
    HIP_ASSERT(hipMalloc(&d_output, tensor_bytes));

    HIP_ASSERT(hipMemcpy(d_input, input, tensor_bytes, hipMemcpyHostToDevice));
    HIP_ASSERT(hipMemcpy(d_weight, weight, vector_bytes, hipMemcpyHostToDevice));
    HIP_ASSERT(hipMemcpy(d_bias, bias, vector_bytes, hipMemcpyHostToDevice));

    hipLaunchKernelGGL(layernorm_kernel, dim3(B * L), dim3(THREADS), 0, 0, d_input, d_weight, d_bias, d_output, 1e-5f);

    HIP_ASSERT(hipMemcpy(output, d_output, tensor_bytes, hipMemcpyDeviceToHost));
    HIP_ASSERT(hipFree(d_input));
    HIP_ASSERT(hipFree(d_weight));
    HIP_ASSERT(hipFree(d_bias));
    HIP_ASSERT(hipFree(d_output));
}
