// 1-D convolution (cross-correlation), valid, stride 1.
// shapes: 5_7 25_27 126_128
#include <hip/hip_runtime.h>

#define OUT 126
#define IN 128
#define KERNEL_SIZE 3

__global__ void conv1d_kernel(const float* x, const float* w, float* y)
{
    int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i < OUT) {
        float s = 0.0f;
        for (int k = 0; k < KERNEL_SIZE; k++)
            s += x[i + k] * w[k];
        y[i] = s;
    }
}

extern "C" void conv1d(const float* x, const float* w, float* y)
{
    float *dx, *dw, *dy;
    hipMalloc(&dx, IN * sizeof(float));
    hipMalloc(&dw, KERNEL_SIZE * sizeof(float));
    hipMalloc(&dy, OUT * sizeof(float));
    hipMemcpy(dx, x, IN * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(dw, w, KERNEL_SIZE * sizeof(float), hipMemcpyHostToDevice);
    conv1d_kernel<<<(OUT + 63) / 64, 64>>>(dx, dw, dy);
    hipMemcpy(y, dy, OUT * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(dx);
    hipFree(dw);
    hipFree(dy);
}
