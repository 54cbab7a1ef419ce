// Batched half-precision matrix product on tensor cores: one warp per 16 x 16 tile of one batch, sums in float.
// shapes: 1_128_256_512 4_128_256_512
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

#include <cstdio>
#include <cstdlib>

#define CUDA_CHECK(call)                                                                       \
    do {                                                                                       \
        cudaError_t err = (call);                                                              \
        if (err != cudaSuccess) {                                                              \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(err));       \
            exit(EXIT_FAILURE);                                                                \
        }                                                                                      \
    } while (0)

constexpr int B = 1;
constexpr int M = 128;
constexpr int K = 256;
constexpr int N = 512;

constexpr int FRAG = 16;

__global__ void bmm_wmma(const half* __restrict__ a, const half* __restrict__ b, float* __restrict__ c)
{
    using namespace nvcuda::wmma;

    const int tile_n = blockIdx.x * FRAG;
    const int tile_m = blockIdx.y * FRAG;
    const size_t batch = blockIdx.z;

    const half* a_tile = a + batch * M * K + tile_m * K;
    const half* b_tile = b + batch * K * N + tile_n;

    fragment<accumulator, FRAG, FRAG, FRAG, float> acc;
    fill_fragment(acc, 0.0f);

    for (int k = 0; k < K; k += FRAG) {
        fragment<matrix_a, FRAG, FRAG, FRAG, half, row_major> fa;
        fragment<matrix_b, FRAG, FRAG, FRAG, half, row_major> fb;
        load_matrix_sync(fa, a_tile + k, K);
        load_matrix_sync(fb, b_tile + k * N, N);
        mma_sync(acc, fa, fb, acc);
    }

    store_matrix_sync(c + batch * M * N + tile_m * N + tile_n, acc, N, mem_row_major);
}

extern "C" void bmm(const half* a, const half* b, float* c)
{
    half *d_a, *d_b;
    float* d_c;
    CUDA_CHECK(cudaMalloc(&d_a, sizeof(half) * B * M * K));
    CUDA_CHECK(cudaMalloc(&d_b, sizeof(half) * B * K * N));
    CUDA_CHECK(cudaMalloc(&d_c, sizeof(float) * B * M * N));
    CUDA_CHECK(cudaMemcpy(d_a, a, sizeof(half) * B * M * K, cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_b, b, sizeof(half) * B * K * N, cudaMemcpyHostToDevice));

    bmm_wmma<<<dim3(N / FRAG, M / FRAG, B), 32>>>(d_a, d_b, d_c);
    CUDA_CHECK(cudaGetLastError());

    CUDA_CHECK(cudaMemcpy(c, d_c, sizeof(float) * B * M * N, cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_a));
    CUDA_CHECK(cudaFree(d_b));
    CUDA_CHECK(cudaFree(d_c));
}
