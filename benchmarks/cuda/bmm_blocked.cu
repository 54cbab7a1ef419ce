// Batched SGEMM with register blocking: a block of 16 x 16 threads makes a 64 x 64 tile of one batch, 4 x 4 elements
// per thread. Tiles of A are transposed in shared memory so that both operands are read as float4.
// shapes: 1_256_256_256 4_256_256_256
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CUDA_CALL(x)                                                     \
  do {                                                                   \
    if ((x) != cudaSuccess) {                                            \
      printf("CUDA call failed at %s:%d\n", __FILE__, __LINE__);         \
      exit(EXIT_FAILURE);                                                \
    }                                                                    \
  } while (0)

#define B 4
#define M 256
#define K 256
#define N 256

#define TILE_M 64
#define TILE_N 64
#define TILE_K 8
#define OFFSET(row, col, ld) ((row) * (ld) + (col))

static_assert(M % TILE_M == 0 && N % TILE_N == 0 && K % TILE_K == 0, "sizes must be multiples of the tile");

struct Batch {
  const float* a;
  const float* b;
  float* c;
};

__device__ Batch batch_at(const float* a, const float* b, float* c, size_t i) {
  return {a + i * M * K, b + i * K * N, c + i * M * N};
}

__global__ void sgemm_batched(const float* a, const float* b, float* c) {
  __shared__ float sa[TILE_K][TILE_M];
  __shared__ float sb[TILE_K][TILE_N];

  const Batch p = batch_at(a, b, c, blockIdx.z);
  const int tx = threadIdx.x;
  const int ty = threadIdx.y;
  const int tid = ty * 16 + tx;
  const int row0 = blockIdx.y * TILE_M;
  const int col0 = blockIdx.x * TILE_N;

  float4 acc[4];
  for (int i = 0; i < 4; i++) acc[i] = make_float4(0.f, 0.f, 0.f, 0.f);

  for (int k0 = 0; k0 < K; k0 += TILE_K) {
    // 512 elements of each tile, two per thread.
    for (int e = tid; e < TILE_M * TILE_K; e += 256) {
      const int r = e / TILE_K;
      const int k = e % TILE_K;
      sa[k][r] = p.a[OFFSET(row0 + r, k0 + k, K)];
    }
    for (int e = tid; e < TILE_K * TILE_N; e += 256)
      sb[e / TILE_N][e % TILE_N] = p.b[OFFSET(k0 + e / TILE_N, col0 + e % TILE_N, N)];
    __syncthreads();

#pragma unroll
    for (int k = 0; k < TILE_K; k++) {
      const float4 va = *reinterpret_cast<const float4*>(&sa[k][ty * 4]);
      const float4 vb = *reinterpret_cast<const float4*>(&sb[k][tx * 4]);
      const float ra[4] = {va.x, va.y, va.z, va.w};
#pragma unroll
      for (int i = 0; i < 4; i++) {
        acc[i].x += ra[i] * vb.x;
        acc[i].y += ra[i] * vb.y;
        acc[i].z += ra[i] * vb.z;
        acc[i].w += ra[i] * vb.w;
      }
    }
    __syncthreads();
  }

  for (int i = 0; i < 4; i++)
    *reinterpret_cast<float4*>(&p.c[OFFSET(row0 + ty * 4 + i, col0 + tx * 4, N)]) = acc[i];
}

extern "C" void bmm(const float* a, const float* b, float* c) {
  float *d_a, *d_b, *d_c;
  CUDA_CALL(cudaMalloc(&d_a, B * M * K * sizeof(float)));
  CUDA_CALL(cudaMalloc(&d_b, B * K * N * sizeof(float)));
  CUDA_CALL(cudaMalloc(&d_c, B * M * N * sizeof(float)));
  CUDA_CALL(cudaMemcpy(d_a, a, B * M * K * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_CALL(cudaMemcpy(d_b, b, B * K * N * sizeof(float), cudaMemcpyHostToDevice));

  dim3 threads(16, 16);
  dim3 blocks(N / TILE_N, M / TILE_M, B);
  sgemm_batched<<<blocks, threads>>>(d_a, d_b, d_c);
  CUDA_CALL(cudaGetLastError());
  CUDA_CALL(cudaDeviceSynchronize());

  CUDA_CALL(cudaMemcpy(c, d_c, B * M * N * sizeof(float), cudaMemcpyDeviceToHost));
  CUDA_CALL(cudaFree(d_a));
  CUDA_CALL(cudaFree(d_b));
  CUDA_CALL(cudaFree(d_c));
}
