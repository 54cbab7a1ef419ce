// Tensor-core GEMM, half inputs and float accumulation. Every warp computes one 16 x 16 tile of C straight from
// global memory; a block is 4 x 4 warps.
// shapes: 1024_128_4096 1024_16_1024 32_128_128 32_32_1024
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

using namespace nvcuda;

#define M 32
#define K 128
#define N 128

// Dimensions of a WMMA tile.
const int WMMA_M = 16;
const int WMMA_N = 16;
const int WMMA_K = 16;

__global__ void wmma_gemm(const half *a, const half *b, float *c)
{
    // blockDim.x is a multiple of the warp size: threads of a warp share warpM and warpN.
    int warpM = (blockIdx.x * blockDim.x + threadIdx.x) / warpSize;
    int warpN = blockIdx.y * blockDim.y + threadIdx.y;
    int aRow = warpM * WMMA_M;
    int bCol = warpN * WMMA_N;

    wmma::fragment<wmma::matrix_a, WMMA_M, WMMA_N, WMMA_K, half, wmma::row_major> a_frag;
    wmma::fragment<wmma::matrix_b, WMMA_M, WMMA_N, WMMA_K, half, wmma::row_major> b_frag;
    wmma::fragment<wmma::accumulator, WMMA_M, WMMA_N, WMMA_K, float> acc_frag;

    if (aRow < M && bCol < N) {
        wmma::fill_fragment(acc_frag, 0.0f);
        for (int k = 0; k < K; k += WMMA_K) {
            wmma::load_matrix_sync(a_frag, a + aRow * K + k, K);
            wmma::load_matrix_sync(b_frag, b + k * N + bCol, N);
            wmma::mma_sync(acc_frag, a_frag, b_frag, acc_frag);
        }
        wmma::store_matrix_sync(c + aRow * N + bCol, acc_frag, N, wmma::mem_row_major);
    }
}

extern "C" void gemm(const half *a, const half *b, float *c)
{
    half *a_fp16, *b_fp16;
    float *c_wmma;
    cudaMalloc((void **)&a_fp16, M * K * sizeof(half));
    cudaMalloc((void **)&b_fp16, K * N * sizeof(half));
    cudaMalloc((void **)&c_wmma, M * N * sizeof(float));
    cudaMemcpy(a_fp16, a, M * K * sizeof(half), cudaMemcpyHostToDevice);
    cudaMemcpy(b_fp16, b, K * N * sizeof(half), cudaMemcpyHostToDevice);

    dim3 blockDim(128, 4);
    dim3 gridDim((M + 63) / 64, (N + 63) / 64);
    wmma_gemm<<<gridDim, blockDim>>>(a_fp16, b_fp16, c_wmma);
    cudaDeviceSynchronize();

    cudaMemcpy(c, c_wmma, M * N * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(a_fp16);
    cudaFree(b_fp16);
    cudaFree(c_wmma);
}
