// Batched matrix multiplication with 16 x 16 shared-memory tiles; blockIdx.z is the batch.
// shapes: 1_128_128_128 4_128_128_128
#include <cuda_runtime.h>

constexpr int B = 1;
constexpr int M = 128;
constexpr int K = 128;
constexpr int N = 128;
constexpr int TILE = 16;

static_assert(M % TILE == 0 && N % TILE == 0 && K % TILE == 0, "whole tiles only");

__global__ void bmm_tiled(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c)
{
    __shared__ float sa[TILE][TILE];
    __shared__ float sb[TILE][TILE];

    const int tx = threadIdx.x;
    const int ty = threadIdx.y;
    const int row = blockIdx.y * TILE + ty;
    const int col = blockIdx.x * TILE + tx;

    const float* a_batch = a + blockIdx.z * M * K;
    const float* b_batch = b + blockIdx.z * K * N;

    float acc = 0.f;
    for (int t = 0; t < K / TILE; ++t) {
        sa[ty][tx] = a_batch[row * K + t * TILE + tx];
        sb[ty][tx] = b_batch[(t * TILE + ty) * N + col];
        __syncthreads();

#pragma unroll
        for (int i = 0; i < TILE; ++i)
            acc += sa[ty][i] * sb[i][tx];
        __syncthreads();
    }
    c[(blockIdx.z * M + row) * N + col] = acc;
}

extern "C" void bmm(const float* a, const float* b, float* c)
{
    float *a_dev, *b_dev, *c_dev;
    cudaMalloc(&a_dev, sizeof(float) * B * M * K);
    cudaMalloc(&b_dev, sizeof(float) * B * K * N);
    cudaMalloc(&c_dev, sizeof(float) * B * M * N);
    cudaMemcpy(a_dev, a, sizeof(float) * B * M * K, cudaMemcpyHostToDevice);
    cudaMemcpy(b_dev, b, sizeof(float) * B * K * N, cudaMemcpyHostToDevice);

    bmm_tiled<<<dim3(N / TILE, M / TILE, B), dim3(TILE, TILE)>>>(a_dev, b_dev, c_dev);

    cudaMemcpy(c, c_dev, sizeof(float) * B * M * N, cudaMemcpyDeviceToHost);
    cudaFree(a_dev);
    cudaFree(b_dev);
    cudaFree(c_dev);
}
