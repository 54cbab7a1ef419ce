// y = sign(x): 1, -1 or 0.
// shapes: 3_4_5 45_25 7_1_6_7 5_7_3_32
#include <hip/hip_runtime.h>

#define SIZE 1125

__global__ void sign_kernel(const float* in, float* out, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    if (in[i] > 0.0f)
        out[i] = 1.0f;
    else if (in[i] < 0.0f)
        out[i] = -1.0f;
    else
        out[i] = 0.0f;
}

extern "C" void sign(const float* in, float* out)
{
    float *d_in, *d_out;
    hipMalloc(&d_in, SIZE * sizeof(float));
    hipMalloc(&d_out, SIZE * sizeof(float));
    hipMemcpy(d_in, in, SIZE * sizeof(float), hipMemcpyHostToDevice);

    dim3 threads(64);
    dim3 blocks((SIZE + threads.x - 1) / threads.x);
    hipLaunchKernelGGL(sign_kernel, blocks, threads, 0, 0, d_in, d_out, SIZE);

    hipMemcpy(out, d_out, SIZE * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(d_in);
    hipFree(d_out);
}
