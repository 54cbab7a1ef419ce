// Batched half GEMM on tensor cores through shared memory. Four warps make a 64 x 64 tile of C, each a 32 x 32 quarter
// of it as 2 x 2 fragments; tiles of 32 along K are copied eight halves at a time. Rows are padded by 16 halves, which
// keeps fragments 32-byte aligned and off each other's banks.
// shapes: 1_512_512_512 4_512_512_512
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

using namespace nvcuda;

constexpr int B = 1;
constexpr int M = 512;
constexpr int K = 512;
constexpr int N = 512;

constexpr int kBlockM = 64;
constexpr int kBlockN = 64;
constexpr int kBlockK = 32;
constexpr int kThreads = 128;
constexpr int kLdA = kBlockK + 16;
constexpr int kLdB = kBlockN + 16;

__global__ void __launch_bounds__(kThreads) bmmTensorCore(const half* __restrict__ A, const half* __restrict__ Bm,
                                                         float* __restrict__ C)
{
    __shared__ __align__(32) half As[kBlockM * kLdA];
    __shared__ __align__(32) half Bs[kBlockK * kLdB];

    const int warp = threadIdx.x / 32;
    const int warpRow = (warp / 2) * 32;
    const int warpCol = (warp % 2) * 32;
    const int blockRow = blockIdx.y * kBlockM;
    const int blockCol = blockIdx.x * kBlockN;

    A += (size_t)blockIdx.z * M * K;
    Bm += (size_t)blockIdx.z * K * N;
    C += (size_t)blockIdx.z * M * N;

    wmma::fragment<wmma::accumulator, 16, 16, 16, float> acc[2][2];
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j)
            wmma::fill_fragment(acc[i][j], 0.0f);

    for (int k0 = 0; k0 < K; k0 += kBlockK) {
        // 64 x 32 and 32 x 64 halves are 256 vectors of eight each.
        for (int v = threadIdx.x; v < kBlockM * kBlockK / 8; v += kThreads) {
            const int r = v / (kBlockK / 8);
            const int c = v % (kBlockK / 8) * 8;
            *(int4*)&As[r * kLdA + c] = *(const int4*)&A[(blockRow + r) * K + k0 + c];
        }
        for (int v = threadIdx.x; v < kBlockK * kBlockN / 8; v += kThreads) {
            const int r = v / (kBlockN / 8);
            const int c = v % (kBlockN / 8) * 8;
            *(int4*)&Bs[r * kLdB + c] = *(const int4*)&Bm[(k0 + r) * N + blockCol + c];
        }
        __syncthreads();

        for (int k = 0; k < kBlockK; k += 16) {
            wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a[2];
            wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> b[2];
            for (int i = 0; i < 2; ++i) {
                wmma::load_matrix_sync(a[i], &As[(warpRow + 16 * i) * kLdA + k], kLdA);
                wmma::load_matrix_sync(b[i], &Bs[k * kLdB + warpCol + 16 * i], kLdB);
            }
            for (int i = 0; i < 2; ++i)
                for (int j = 0; j < 2; ++j)
                    wmma::mma_sync(acc[i][j], a[i], b[j], acc[i][j]);
        }
        __syncthreads();
    }

    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j)
            wmma::store_matrix_sync(&C[(blockRow + warpRow + 16 * i) * N + blockCol + warpCol + 16 * j], acc[i][j], N,
                                    wmma::mem_row_major);
}

extern "C" void bmm(const half* a, const half* b, float* c)
{
    half *devA, *devB;
    float *devC;
    cudaMalloc((void**)&devA, sizeof(half) * B * M * K);
    cudaMalloc((void**)&devB, sizeof(half) * B * K * N);
    cudaMalloc((void**)&devC, sizeof(float) * B * M * N);
    cudaMemcpy(devA, a, sizeof(half) * B * M * K, cudaMemcpyHostToDevice);
    cudaMemcpy(devB, b, sizeof(half) * B * K * N, cudaMemcpyHostToDevice);

    bmmTensorCore<<<dim3(N / kBlockN, M / kBlockM, B), kThreads>>>(devA, devB, devC);
    cudaDeviceSynchronize();

    cudaMemcpy(c, devC, sizeof(float) * B * M * N, cudaMemcpyDeviceToHost);
    cudaFree(devA);
    cudaFree(devB);
    cudaFree(devC);
}
