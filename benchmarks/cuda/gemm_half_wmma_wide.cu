// Mixed-precision product for a short, wide C: 8 x 32 wmma tiles, one warp per block, grid over the tiles of C.
// The depth K is small, so there is nothing to gain from shared memory.
// shapes: 32_32_1024
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

#define M 32
#define K 32
#define N 1024

#define TM 8
#define TN 32
#define TK 16

typedef nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, TM, TN, TK, __half, nvcuda::wmma::row_major> FragA;
typedef nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, TM, TN, TK, __half, nvcuda::wmma::row_major> FragB;
typedef nvcuda::wmma::fragment<nvcuda::wmma::accumulator, TM, TN, TK, float> FragC;

__global__ void __launch_bounds__(32) gemm_8x32(const __half *A, const __half *B, float *C)
{
    const __half *a = A + blockIdx.y * TM * K;
    const __half *b = B + blockIdx.x * TN;

    FragC sum;
    nvcuda::wmma::fill_fragment(sum, 0.0f);
    for (int k = 0; k < K / TK; k++) {
        FragA fa;
        FragB fb;
        nvcuda::wmma::load_matrix_sync(fa, a, K);
        nvcuda::wmma::load_matrix_sync(fb, b, N);
        nvcuda::wmma::mma_sync(sum, fa, fb, sum);
        a += TK;
        b += TK * N;
    }
    nvcuda::wmma::store_matrix_sync(C + blockIdx.y * TM * N + blockIdx.x * TN, sum, N, nvcuda::wmma::mem_row_major);
}

extern "C" void gemm(const __half *A, const __half *B, float *C)
{
    __half *dev_a, *dev_b;
    float *dev_c;
    cudaMalloc((void **)&dev_a, sizeof(__half) * M * K);
    cudaMalloc((void **)&dev_b, sizeof(__half) * K * N);
    cudaMalloc((void **)&dev_c, sizeof(float) * M * N);
    cudaMemcpy(dev_a, A, sizeof(__half) * M * K, cudaMemcpyHostToDevice);
    cudaMemcpy(dev_b, B, sizeof(__half) * K * N, cudaMemcpyHostToDevice);

    gemm_8x32<<<dim3(N / TN, M / TM), dim3(32)>>>(dev_a, dev_b, dev_c);

    cudaMemcpy(C, dev_c, sizeof(float) * M * N, cudaMemcpyDeviceToHost);
    cudaFree(dev_c);
    cudaFree(dev_b);
    cudaFree(dev_a);
}
