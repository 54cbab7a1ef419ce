// Sigmoid, y = 1 / (1 + exp(-x)).
// shapes: 3_4_5 45_25 5_7_3_32
#include <cuda_runtime.h>
#include <stdio.h>

#define SIZE 60

#define checkCudaErrors(val) check((val), #val, __FILE__, __LINE__)

static bool check(cudaError_t result, const char *func, const char *file, int line)
{
    if (result != cudaSuccess) {
        fprintf(stderr, "CUDA error at %s:%d code=%d \"%s\"\n", file, line, (int)result, func);
        return false;
    }
    return true;
}

__device__ float sigmoidf(float v)
{
    return 1.0f / (1.0f + expf(-v));
}

__global__ void sigmoid_kernel(float *dst, const float *src, const int n)
{
    const int idx = threadIdx.x + blockIdx.x * blockDim.x;
    if (idx < n) {
        dst[idx] = sigmoidf(src[idx]);
    }
}

extern "C" void sigmoid(const float *src, float *dst)
{
    float *src_d = 0, *dst_d = 0;
    checkCudaErrors(cudaMalloc((void **)&src_d, SIZE * sizeof(float)));
    checkCudaErrors(cudaMalloc((void **)&dst_d, SIZE * sizeof(float)));
    checkCudaErrors(cudaMemcpy(src_d, src, SIZE * sizeof(float), cudaMemcpyHostToDevice));

    const int threads = 512;
    sigmoid_kernel<<<(SIZE - 1) / threads + 1, threads>>>(dst_d, src_d, SIZE);
    checkCudaErrors(cudaGetLastError());
    checkCudaErrors(cudaDeviceSynchronize());

    checkCudaErrors(cudaMemcpy(dst, dst_d, SIZE * sizeof(float), cudaMemcpyDeviceToHost));
    checkCudaErrors(cudaFree(src_d));
    checkCudaErrors(cudaFree(dst_d));
}
