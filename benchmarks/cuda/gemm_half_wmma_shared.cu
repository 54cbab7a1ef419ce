// Tensor-core HGEMM with float accumulators. Eight warps of a block share a 128 x 64 tile of C; slices of A (128 x 32)
// and B (32 x 64) go through shared memory with 16-byte copies. Rows in shared memory are padded by 16 halves, which
// spreads the columns of a fragment over the banks and keeps every fragment 32-byte aligned.
// shapes: 1024_128_4096
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

#include <cstdint>

constexpr int M = 1024;
constexpr int K = 128;
constexpr int N = 4096;

namespace {

namespace wmma = nvcuda::wmma;

constexpr int kTileM = 128;
constexpr int kTileN = 64;
constexpr int kTileK = 32;
constexpr int kPad = 16;
constexpr int kWarps = 8;
constexpr int kThreads = kWarps * 32;
constexpr int kLdA = kTileK + kPad;
constexpr int kLdB = kTileN + kPad;
constexpr int kChunk = sizeof(int4) / sizeof(half);  // halves of one 16-byte copy

static_assert(M % kTileM == 0 && N % kTileN == 0 && K % kTileK == 0, "C is cut into whole tiles");

// Copies a Rows x Cols slice whose rows lie ld halves apart.
template <int Rows, int Cols, int Ld>
__device__ void stage(half* tile, const half* source, int ld) {
  for (int i = threadIdx.x; i < Rows * Cols / kChunk; i += kThreads) {
    const int row = i / (Cols / kChunk);
    const int col = i % (Cols / kChunk) * kChunk;
    *reinterpret_cast<int4*>(&tile[row * Ld + col]) = *reinterpret_cast<const int4*>(&source[row * ld + col]);
  }
}

__global__ void __launch_bounds__(kThreads) hgemm(const half* __restrict__ a, const half* __restrict__ b,
                                                  float* __restrict__ c) {
  __shared__ __align__(32) half a_tile[kTileM * kLdA];
  __shared__ __align__(32) half b_tile[kTileK * kLdB];

  const int warp = threadIdx.x / 32;
  const int warp_m = warp / 2 * 32;  // 4 x 2 warps, each 32 x 32
  const int warp_n = warp % 2 * 32;
  const int tile_m = blockIdx.y * kTileM;
  const int tile_n = blockIdx.x * kTileN;

  wmma::fragment<wmma::accumulator, 16, 16, 16, float> acc[2][2];
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) wmma::fill_fragment(acc[i][j], 0.0f);

  for (int k0 = 0; k0 < K; k0 += kTileK) {
    stage<kTileM, kTileK, kLdA>(a_tile, a + tile_m * K + k0, K);
    stage<kTileK, kTileN, kLdB>(b_tile, b + k0 * N + tile_n, N);
    __syncthreads();

#pragma unroll
    for (int k = 0; k < kTileK; k += 16) {
      wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a_frag[2];
      wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> b_frag[2];
      for (int i = 0; i < 2; ++i) {
        wmma::load_matrix_sync(a_frag[i], &a_tile[(warp_m + i * 16) * kLdA + k], kLdA);
        wmma::load_matrix_sync(b_frag[i], &b_tile[k * kLdB + warp_n + i * 16], kLdB);
      }
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j) wmma::mma_sync(acc[i][j], a_frag[i], b_frag[j], acc[i][j]);
    }
    __syncthreads();
  }

  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      wmma::store_matrix_sync(&c[(tile_m + warp_m + i * 16) * N + tile_n + warp_n + j * 16], acc[i][j], N,
                              wmma::mem_row_major);
}

}  // namespace

extern "C" void gemm(const half* a, const half* b, float* c) {
  half* a_dev = nullptr;
  half* b_dev = nullptr;
  float* c_dev = nullptr;
  cudaMalloc(&a_dev, sizeof(half) * M * K);
  cudaMalloc(&b_dev, sizeof(half) * K * N);
  cudaMalloc(&c_dev, sizeof(float) * M * N);
  cudaMemcpy(a_dev, a, sizeof(half) * M * K, cudaMemcpyHostToDevice);
  cudaMemcpy(b_dev, b, sizeof(half) * K * N, cudaMemcpyHostToDevice);

  hgemm<<<dim3(N / kTileN, M / kTileM), kThreads>>>(a_dev, b_dev, c_dev);

  cudaMemcpy(c, c_dev, sizeof(float) * M * N, cudaMemcpyDeviceToHost);
  cudaFree(a_dev);
  cudaFree(b_dev);
  cudaFree(c_dev);
}
