// c = a + b. The vector addition everybody starts with.
// shapes: 18_128 320 64
#include <hip/hip_runtime.h>

#define SIZE 320
#define THREADS_PER_BLOCK 64

__global__ void vectoradd_float(float* c, const float* a, const float* b)
{
    int i = hipBlockDim_x * hipBlockIdx_x + hipThreadIdx_x;
    if (i < SIZE) {
        c[i] = a[i] + b[i];
    }
}

extern "C" void add(const float* hostA, const float* hostB, float* hostC)
{
    float* deviceA;
    float* deviceB;
    float* deviceC;

    hipMalloc((void**)&deviceA, SIZE * sizeof(float));
    hipMalloc((void**)&deviceB, SIZE * sizeof(float));
    hipMalloc((void**)&deviceC, SIZE * sizeof(float));

    hipMemcpy(deviceA, hostA, SIZE * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(deviceB, hostB, SIZE * sizeof(float), hipMemcpyHostToDevice);

    hipLaunchKernelGGL(vectoradd_float, dim3((SIZE + THREADS_PER_BLOCK - 1) / THREADS_PER_BLOCK),
                       dim3(THREADS_PER_BLOCK), 0, 0, deviceC, deviceA, deviceB);

    hipMemcpy(hostC, deviceC, SIZE * sizeof(float), hipMemcpyDeviceToHost);

    hipFree(deviceA);
    hipFree(deviceB);
    hipFree(deviceC);
}
