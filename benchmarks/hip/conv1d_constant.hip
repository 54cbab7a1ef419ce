// FIR filter of three taps kept in constant memory; the taps reach the kernel through the scalar cache.
// shapes: 44_46 190_192
#include <hip/hip_runtime.h>

#define IN 192
#define OUT 190
#define NTAPS 3

__constant__ float taps[NTAPS];

__global__ void fir3(const float* in, float* out)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < OUT; i += blockDim.x * gridDim.x)
        out[i] = taps[0] * in[i] + taps[1] * in[i + 1] + taps[2] * in[i + 2];
}

extern "C" void conv1d(const float* in, const float* kernel, float* out)
{
    float *in_dev, *out_dev;
    hipMalloc(&in_dev, IN * sizeof(float));
    hipMalloc(&out_dev, OUT * sizeof(float));
    hipMemcpyToSymbol(HIP_SYMBOL(taps), kernel, NTAPS * sizeof(float));
    hipMemcpy(in_dev, in, IN * sizeof(float), hipMemcpyHostToDevice);

    hipLaunchKernelGGL(fir3, dim3(2), dim3(64), 0, 0, in_dev, out_dev);

    hipMemcpy(out, out_dev, OUT * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(in_dev);
    hipFree(out_dev);
}
