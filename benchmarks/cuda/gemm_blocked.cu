// Register-blocked SGEMM. A block of 256 threads computes a 64 x 64 tile of C; each thread keeps a 4 x 4 piece in
// registers and takes 8 outer products per stage. A is transposed on its way into shared memory, so that both
// fragments are read as float4.
// shapes: 1024_128_128
#include <cuda_runtime.h>

constexpr int M = 1024;
constexpr int K = 128;
constexpr int N = 128;

constexpr int BM = 64;
constexpr int BN = 64;
constexpr int BK = 8;
constexpr int TM = 4;
constexpr int TN = 4;
constexpr int kThreads = (BM / TM) * (BN / TN);

static_assert(M % BM == 0 && N % BN == 0 && K % BK == 0, "whole tiles only");

__global__ void __launch_bounds__(kThreads) sgemm_64x64(const float* __restrict__ A, const float* __restrict__ B,
                                                        float* __restrict__ C) {
  __shared__ __align__(16) float As[BK][BM];
  __shared__ __align__(16) float Bs[BK][BN];

  const int tid = threadIdx.x;
  const int thread_row = tid / (BN / TN) * TM;
  const int thread_col = tid % (BN / TN) * TN;

  const int a_row = tid / (BK / 2);  // 64 rows, 4 threads of 2 floats per row
  const int a_col = tid % (BK / 2) * 2;
  const int b_row = tid / (BN / 2);  // 8 rows, 32 threads of 2 floats per row
  const int b_col = tid % (BN / 2) * 2;

  A += blockIdx.y * BM * K;
  B += blockIdx.x * BN;
  C += blockIdx.y * BM * N + blockIdx.x * BN;

  float acc[TM][TN] = {};

  for (int k0 = 0; k0 < K; k0 += BK) {
    const float2 a = *reinterpret_cast<const float2*>(&A[a_row * K + k0 + a_col]);
    As[a_col + 0][a_row] = a.x;
    As[a_col + 1][a_row] = a.y;
    *reinterpret_cast<float2*>(&Bs[b_row][b_col]) =
        *reinterpret_cast<const float2*>(&B[(k0 + b_row) * N + b_col]);
    __syncthreads();

#pragma unroll
    for (int k = 0; k < BK; ++k) {
      const float4 af = *reinterpret_cast<const float4*>(&As[k][thread_row]);
      const float4 bf = *reinterpret_cast<const float4*>(&Bs[k][thread_col]);
      const float a_frag[TM] = {af.x, af.y, af.z, af.w};
      const float b_frag[TN] = {bf.x, bf.y, bf.z, bf.w};
#pragma unroll
      for (int i = 0; i < TM; ++i)
#pragma unroll
        for (int j = 0; j < TN; ++j) acc[i][j] += a_frag[i] * b_frag[j];
    }
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < TM; ++i) {
    *reinterpret_cast<float4*>(&C[(thread_row + i) * N + thread_col]) =
        make_float4(acc[i][0], acc[i][1], acc[i][2], acc[i][3]);
  }
}

extern "C" void gemm(const float* A, const float* B, float* C) {
  float *dA, *dB, *dC;
  cudaMalloc(&dA, sizeof(float) * M * K);
  cudaMalloc(&dB, sizeof(float) * K * N);
  cudaMalloc(&dC, sizeof(float) * M * N);
  cudaMemcpy(dA, A, sizeof(float) * M * K, cudaMemcpyHostToDevice);
  cudaMemcpy(dB, B, sizeof(float) * K * N, cudaMemcpyHostToDevice);

  sgemm_64x64<<<dim3(N / BN, M / BM), kThreads>>>(dA, dB, dC);
  cudaDeviceSynchronize();

  cudaMemcpy(C, dC, sizeof(float) * M * N, cudaMemcpyDeviceToHost);
  cudaFree(dA);
  cudaFree(dB);
  cudaFree(dC);
}
