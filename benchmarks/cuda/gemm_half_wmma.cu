// C = A * B on the tensor cores: half inputs, float accumulation. Each warp owns one 16 x 16 tile of C and reads its
// tiles of A and B straight from global memory. A block is 4 x 4 warps.
// shapes: 1024_16_1024 32_128_128
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

using namespace nvcuda;

#define M 32
#define K 128
#define N 128

const int WMMA_M = 16;
const int WMMA_N = 16;
const int WMMA_K = 16;

__global__ void wmma_kernel(const half *a, const half *b, float *c) {
  int lda = K;
  int ldb = N;
  int ldc = N;

  // Tile using a 2D grid; the x dimension of a block holds 4 warps
  int warpN = (blockIdx.x * blockDim.x + threadIdx.x) / warpSize;
  int warpM = blockIdx.y * blockDim.y + threadIdx.y;
  if (warpM * WMMA_M >= M || warpN * WMMA_N >= N) return;

  wmma::fragment<wmma::matrix_a, WMMA_M, WMMA_N, WMMA_K, half, wmma::row_major> a_frag;
  wmma::fragment<wmma::matrix_b, WMMA_M, WMMA_N, WMMA_K, half, wmma::row_major> b_frag;
  wmma::fragment<wmma::accumulator, WMMA_M, WMMA_N, WMMA_K, float> acc_frag;
  wmma::fill_fragment(acc_frag, 0.0f);

  for (int i = 0; i < K; i += WMMA_K) {
    wmma::load_matrix_sync(a_frag, a + warpM * WMMA_M * lda + i, lda);
    wmma::load_matrix_sync(b_frag, b + i * ldb + warpN * WMMA_N, ldb);
    wmma::mma_sync(acc_frag, a_frag, b_frag, acc_frag);
  }

  wmma::store_matrix_sync(c + warpM * WMMA_M * ldc + warpN * WMMA_N, acc_frag, ldc, wmma::mem_row_major);
}

extern "C" void gemm(const half *a, const half *b, float *c) {
  half *a_d, *b_d;
  float *c_d;
  cudaMalloc((void **)&a_d, M * K * sizeof(half));
  cudaMalloc((void **)&b_d, K * N * sizeof(half));
  cudaMalloc((void **)&c_d, M * N * sizeof(float));
  cudaMemcpy(a_d, a, M * K * sizeof(half), cudaMemcpyHostToDevice);
  cudaMemcpy(b_d, b, K * N * sizeof(half), cudaMemcpyHostToDevice);

  dim3 blockDim(128, 4);
  dim3 gridDim;
  gridDim.x = (N + WMMA_N * 4 - 1) / (WMMA_N * 4);
  gridDim.y = (M + WMMA_M * 4 - 1) / (WMMA_M * 4);
  wmma_kernel<<<gridDim, blockDim>>>(a_d, b_d, c_d);

  cudaMemcpy(c, c_d, M * N * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(a_d);
  cudaFree(b_d);
  cudaFree(c_d);
}
