// C = A * B through the LDS: each workgroup stages 16 x 16 tiles of A and B and owns one tile of C.
// The tile of A is padded by one column so that a column walk touches 16 different banks.
// shapes: 32_128_1024
#include <hip/hip_runtime.h>

#define M 32
#define K 128
#define N 1024

#define TILE 16

__global__ __launch_bounds__(TILE * TILE) void matmul_lds(const float* __restrict__ a, const float* __restrict__ b,
                                                          float* __restrict__ c) {
  __shared__ float a_tile[TILE][TILE + 1];
  __shared__ float b_tile[TILE][TILE];

  const int tx = threadIdx.x;
  const int ty = threadIdx.y;
  const int row = blockIdx.y * TILE + ty;
  const int col = blockIdx.x * TILE + tx;

  float sum = 0.0f;
  for (int t = 0; t < K / TILE; ++t) {
    a_tile[ty][tx] = a[row * K + t * TILE + tx];
    b_tile[ty][tx] = b[(t * TILE + ty) * N + col];
    __syncthreads();

#pragma unroll
    for (int k = 0; k < TILE; ++k) sum = fmaf(a_tile[ty][k], b_tile[k][tx], sum);
    __syncthreads();
  }
  c[row * N + col] = sum;
}

static_assert(M % TILE == 0 && N % TILE == 0 && K % TILE == 0, "matmul_lds works on whole tiles");

extern "C" void gemm(const float* a, const float* b, float* c) {
  float *a_d, *b_d, *c_d;
  hipMalloc((void**)&a_d, sizeof(float) * M * K);
  hipMalloc((void**)&b_d, sizeof(float) * K * N);
  hipMalloc((void**)&c_d, sizeof(float) * M * N);
  hipMemcpy(a_d, a, sizeof(float) * M * K, hipMemcpyHostToDevice);
  hipMemcpy(b_d, b, sizeof(float) * K * N, hipMemcpyHostToDevice);

  hipLaunchKernelGGL(matmul_lds, dim3(N / TILE, M / TILE), dim3(TILE, TILE), 0, nullptr, a_d, b_d, c_d);
  hipDeviceSynchronize();

  hipMemcpy(c, c_d, sizeof(float) * M * N, hipMemcpyDeviceToHost);
  hipFree(c_d);
  hipFree(b_d);
  hipFree(a_d);
}
