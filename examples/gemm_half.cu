// C = A * B, half x half -> float, row-major: tensor cores through wmma.
// One warp per 16 x 16 tile of C.
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

using namespace nvcuda;

constexpr int M = 128;
constexpr int N = 128;
constexpr int K = 128;

__global__ void gemm_kernel(const half* A, const half* B, float* C) {
  const int row = blockIdx.y * 16;
  const int col = blockIdx.x * 16;

  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> a;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> b;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> c;
  wmma::fill_fragment(c, 0.0f);

  for (int k = 0; k < K; k += 16) {
    wmma::load_matrix_sync(a, A + row * K + k, K);
    wmma::load_matrix_sync(b, B + k * N + col, N);
    wmma::mma_sync(c, a, b, c);
  }
  wmma::store_matrix_sync(C + row * N + col, c, N, wmma::mem_row_major);
}

extern "C" void gemm_half(const half* A, const half* B, float* C) {
  half *d_a, *d_b;
  float* d_c;
  cudaMalloc(&d_a, M * K * sizeof(half));
  cudaMalloc(&d_b, K * N * sizeof(half));
  cudaMalloc(&d_c, M * N * sizeof(float));
  cudaMemcpy(d_a, A, M * K * sizeof(half), cudaMemcpyHostToDevice);
  cudaMemcpy(d_b, B, K * N * sizeof(half), cudaMemcpyHostToDevice);

  gemm_kernel<<<dim3(N / 16, M / 16), 32>>>(d_a, d_b, d_c);

  cudaMemcpy(C, d_c, M * N * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d_a);
  cudaFree(d_b);
  cudaFree(d_c);
}
