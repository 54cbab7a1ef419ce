// Each kernel has one defect, on the line that ends in a finding's code.
#include <cuda_runtime.h>

__global__ void no_barrier(const float* x, float* y) {
  __shared__ float tile[256];
  tile[threadIdx.x] = x[threadIdx.x];  // XP2106
  y[threadIdx.x] = tile[255 - threadIdx.x];
}

__global__ void tree_without_a_level(const float* x, float* y) {
  __shared__ float part[256];
  int t = threadIdx.x;
  part[t] = x[t];
  __syncthreads();
  for (int s = 128; s > 0; s >>= 1) {
    if (t < s) part[t] += part[t + s];  // XP2106
    if (s > 64) __syncthreads();
  }
  if (t == 0) y[0] = part[0];
}

__global__ void blocks_write_one_place(const float* x, float* y) {
  y[0] = x[blockIdx.x];  // XP2107
}

__global__ void adds_without_an_atomic(const int* key, int* count) {
  count[key[threadIdx.x] & 1] += 1;  // XP2106
}

__global__ void tile_overwritten_too_early(const float* a, float* y) {
  __shared__ float tile[64];
  float sum = 0;
  for (int k = 0; k < 4; ++k) {
    tile[threadIdx.x] = a[k * 64 + threadIdx.x];  // XP2106
    __syncthreads();
    for (int i = 0; i < 64; ++i) sum += tile[i];
  }
  y[threadIdx.x] = sum;
}

__global__ void lanes_without_syncwarp(const float* x, float* y) {
  __shared__ float s[32];
  s[threadIdx.x] = x[threadIdx.x];  // XP2106
  y[threadIdx.x] = s[threadIdx.x ^ 1];
}

__global__ void goes_on_without_the_lock(const int* key, int* count) {
  if (atomicCAS(&count[2], 0, 1) == 0) {
    count[3] += key[threadIdx.x] + 1;  // XP2106
    __threadfence();
    atomicExch(&count[2], 0);
  } else {
    count[3] += key[threadIdx.x] + 2;  // XP2106
  }
}

extern "C" void run(const float* x, const int* key, float* y, int* count) {
  float *dx, *dy;
  int *dkey, *dcount;
  cudaMalloc(&dx, 256 * sizeof(float));
  cudaMalloc(&dy, 6 * 256 * sizeof(float));
  cudaMalloc(&dkey, 256 * sizeof(int));
  cudaMalloc(&dcount, 8 * sizeof(int));
  cudaMemcpy(dx, x, 256 * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dkey, key, 256 * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemset(dcount, 0, 8 * sizeof(int));
  cudaMemset(dy, 0, 6 * 256 * sizeof(float));
  no_barrier<<<1, 256>>>(dx, dy);
  tree_without_a_level<<<1, 256>>>(dx, dy + 256);
  blocks_write_one_place<<<4, 1>>>(dx, dy + 512);
  adds_without_an_atomic<<<1, 256>>>(dkey, dcount);
  tile_overwritten_too_early<<<1, 64>>>(dx, dy + 768);
  lanes_without_syncwarp<<<1, 32>>>(dx, dy + 1024);
  goes_on_without_the_lock<<<1, 32>>>(dkey, dcount);
  cudaMemcpy(y, dy, 6 * 256 * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(count, dcount, 8 * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
  cudaFree(dkey);
  cudaFree(dcount);
}
