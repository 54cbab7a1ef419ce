// Batched GEMM, __half inputs and float accumulation, v_mfma_f32_16x16x16f16 from padded LDS tiles. Four
// wavefronts in a 2 x 2 arrangement compute 32 x 32 of C, one 16 x 16 tile each.
// shapes: 1_512_512_512 4_512_512_512
#include <hip/hip_runtime.h>

#include <cassert>

#define HIP_ASSERT(status) assert((status) == hipSuccess)

constexpr int B = 1;
constexpr int M = 512;
constexpr int K = 512;
constexpr int N = 512;

constexpr int BLOCK = 32;
constexpr int DEPTH = 32;
constexpr int LD = DEPTH + 4;

using fp16 = _Float16;
using fp16x4 = fp16 __attribute__((ext_vector_type(4)));
using fp32x4 = float __attribute__((ext_vector_type(4)));

__global__ __launch_bounds__(256) void batched_hgemm(const fp16* __restrict__ A, const fp16* __restrict__ Bmat,
                                                     float* __restrict__ C)
{
    __shared__ fp16 sA[BLOCK][LD];
    __shared__ fp16 sB[BLOCK][LD];  // columns of B, so that k is contiguous

    const int tid = threadIdx.x + 64 * threadIdx.y;
    const int x = threadIdx.x % 16;
    const int y = threadIdx.x / 16;
    const int tile_m = (threadIdx.y >> 1) * 16;
    const int tile_n = (threadIdx.y & 1) * 16;
    const fp16* Ab = A + (size_t)blockIdx.z * M * K + (size_t)blockIdx.y * BLOCK * K;
    const fp16* Bb = Bmat + (size_t)blockIdx.z * K * N + blockIdx.x * BLOCK;
    float* Cb = C + (size_t)blockIdx.z * M * N + (size_t)blockIdx.y * BLOCK * N + blockIdx.x * BLOCK;

    fp32x4 acc = {};
    for (int k0 = 0; k0 < K; k0 += DEPTH) {
        for (int e = tid; e < BLOCK * DEPTH; e += 256) {
            const int i = e / DEPTH, j = e % DEPTH;
            sA[i][j] = Ab[i * K + k0 + j];
            sB[j][i] = Bb[(k0 + i) * N + j];
        }
        __syncthreads();

        for (int k = 0; k < DEPTH; k += 16) {
            const fp16x4 a = *(const fp16x4*)&sA[tile_m + x][k + 4 * y];
            const fp16x4 b = *(const fp16x4*)&sB[tile_n + x][k + 4 * y];
            acc = __builtin_amdgcn_mfma_f32_16x16x16f16(a, b, acc, 0, 0, 0);
        }
        __syncthreads();
    }
    for (int i = 0; i < 4; ++i)
        Cb[(tile_m + 4 * y + i) * N + tile_n + x] = acc[i];
}

extern "C" void bmm(const fp16* A, const fp16* Bmat, float* C)
{
    fp16 *dA, *dB;
    float* dC;
    HIP_ASSERT(hipMalloc(&dA, sizeof(fp16) * B * M * K));
    HIP_ASSERT(hipMalloc(&dB, sizeof(fp16) * B * K * N));
    HIP_ASSERT(hipMalloc(&dC, sizeof(float) * B * M * N));
    HIP_ASSERT(hipMemcpy(dA, A, sizeof(fp16) * B * M * K, hipMemcpyHostToDevice));
    HIP_ASSERT(hipMemcpy(dB, Bmat, sizeof(fp16) * B * K * N, hipMemcpyHostToDevice));

    const dim3 blocks(N / BLOCK, M / BLOCK, B);
    const dim3 threads(64, 4);
    hipLaunchKernelGGL(batched_hgemm, blocks, threads, 0, 0, dA, dB, dC);
    HIP_ASSERT(hipGetLastError());
    HIP_ASSERT(hipDeviceSynchronize());

    HIP_ASSERT(hipMemcpy(C, dC, sizeof(float) * B * M * N, hipMemcpyDeviceToHost));
    HIP_ASSERT(hipFree(dA));
    HIP_ASSERT(hipFree(dB));
    HIP_ASSERT(hipFree(dC));
}
