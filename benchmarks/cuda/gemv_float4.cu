// Matrix-vector product for rows of 512: a block of 128 threads per row, one float4 of it per thread, then a
// tree in shared memory whose last steps are shuffles of the first warp.
// shapes: 32_512 3_512
#include <cuda_runtime.h>

#define M 3
#define N 512

template <unsigned int blockSize>
__global__ void gemvVec4(const float4 *__restrict__ a, const float4 *__restrict__ x, float *__restrict__ y)
{
    static_assert(N == 4 * blockSize, "one float4 per thread");
    __shared__ float sdata[blockSize];
    const unsigned int tid = threadIdx.x;

    const float4 p = a[blockIdx.x * blockSize + tid];
    const float4 q = x[tid];
    sdata[tid] = p.x * q.x + p.y * q.y + p.z * q.z + p.w * q.w;
    __syncthreads();

    if (blockSize >= 128) {
        if (tid < 64) sdata[tid] += sdata[tid + 64];
        __syncthreads();
    }
    if (tid < 32) {
        float sum = sdata[tid] + sdata[tid + 32];
        for (int offset = 16; offset > 0; offset >>= 1)
            sum += __shfl_down_sync(0xffffffff, sum, offset);
        if (tid == 0) y[blockIdx.x] = sum;
    }
}

extern "C" void gemv(const float *a, const float *x, float *y)
{
    float4 *dA, *dX;
    float *dY;
    cudaMalloc(&dA, sizeof(float) * M * N);
    cudaMalloc(&dX, sizeof(float) * N);
    cudaMalloc(&dY, sizeof(float) * M);
    cudaMemcpy(dA, a, sizeof(float) * M * N, cudaMemcpyHostToDevice);
    cudaMemcpy(dX, x, sizeof(float) * N, cudaMemcpyHostToDevice);

    gemvVec4<128><<<M, 128>>>(dA, dX, dY);

    cudaMemcpy(y, dY, sizeof(float) * M, cudaMemcpyDeviceToHost);
    cudaFree(dA);
    cudaFree(dX);
    cudaFree(dY);
}
