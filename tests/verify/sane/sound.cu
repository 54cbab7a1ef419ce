// Sound programs that come close to what the findings are about: none of them may be reported.
#include <cuda_runtime.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>

// Blocks hand their parts to the last one through an atomic counter.
__global__ void last_block_adds_up(const float* x, float* part, unsigned* count, float* y) {
  __shared__ float s[128];
  __shared__ bool last;
  int t = threadIdx.x;
  s[t] = x[blockIdx.x * 128 + t];
  __syncthreads();
  for (int d = 64; d > 0; d >>= 1) {
    if (t < d) s[t] += s[t + d];
    __syncthreads();
  }
  if (t == 0) {
    part[blockIdx.x] = s[0];
    __threadfence();
    last = atomicAdd(count, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && t == 0) {
    float sum = 0;
    for (unsigned i = 0; i < gridDim.x; ++i) sum += part[i];
    y[0] = sum;
    *count = 0;
  }
}

__global__ void histogram(const float* x, int* count) {
  __shared__ int own[16];
  if (threadIdx.x < 16) own[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(&own[int(fabsf(x[blockIdx.x * 128 + threadIdx.x]) * 4.0f) & 15], 1);
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(&count[threadIdx.x], own[threadIdx.x]);
}

// Everybody stores the same value.
__global__ void any_negative(const float* x, int* flag) {
  if (x[blockIdx.x * 128 + threadIdx.x] < 0.0f) *flag = 1;
}

__global__ void neighbours_in_one_word(const float* x, unsigned char* bytes, half* halves) {
  int i = blockIdx.x * 128 + threadIdx.x;
  bytes[i] = x[i] > 0.0f;
  halves[i] = __float2half(x[i]);
}

__global__ void lanes_meet(const float* x, float* y) {
  __shared__ float s[128];
  int t = threadIdx.x;
  float v = x[blockIdx.x * 128 + t];
  for (int d = 16; d > 0; d >>= 1) v += __shfl_down_sync(0xffffffffu, v, d);
  s[t] = v;
  __syncwarp();
  y[blockIdx.x * 128 + t] = s[t & ~31] + s[t ^ 1];
}

__global__ void waited_for(const float* x, float* y) {
  __shared__ float tile[2][128];
  int t = threadIdx.x;
  __pipeline_memcpy_async(&tile[0][t], x + t, 4);
  __pipeline_commit();
  float sum = 0;
  for (int k = 0; k < 4; ++k) {
    if (k < 3) __pipeline_memcpy_async(&tile[(k + 1) & 1][t], x + (k + 1) * 128 + t, 4);
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();
    sum += tile[k & 1][127 - t];
    __syncthreads();
  }
  y[t] = sum;
}

// Reads padding that it never uses, and copies of unset memory that nobody looks at.
__global__ void padded(const float* x, float* y) {
  __shared__ float tile[160], copy[160];
  int t = threadIdx.x;
  tile[t] = x[t];
  __syncthreads();
  for (int i = t; i < 160; i += 128) copy[i] = tile[i];
  __syncthreads();
  float seen = copy[t + 32];
  y[t] = t < 96 ? seen : 0.0f;
}

__global__ void in_place(float* y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) y[i] = y[i] * 2.0f + 1.0f;
}

__device__ float largest(float* at, float v) {
  int* bits = reinterpret_cast<int*>(at);
  int old = *bits;
  while (v > __int_as_float(old)) {
    int seen = old;
    old = atomicCAS(bits, seen, __float_as_int(v));
    if (old == seen) break;
  }
  return __int_as_float(old);
}

__global__ void maximum(const float* x, float* most) { largest(most, x[blockIdx.x * 128 + threadIdx.x]); }

__global__ void hashes(int* h) {
  unsigned v = blockIdx.x * 128 + threadIdx.x;
  int mixed = int(v) * 1103515245 + 12345;
  h[v] = (mixed >> 16) & 0x7fff;
}

extern "C" void run(const float* x, float* y, int* count, int* flag, unsigned char* bytes, half* halves, int* h) {
  float *dx, *dy, *dpart;
  int *dcount, *dflag, *dh;
  unsigned* dticket;
  unsigned char* dbytes;
  half* dhalves;
  cudaMalloc(&dx, 512 * sizeof(float));
  cudaMalloc(&dy, 3 * 512 * sizeof(float));
  cudaMalloc(&dpart, 4 * sizeof(float));
  cudaMalloc(&dcount, 16 * sizeof(int));
  cudaMalloc(&dflag, sizeof(int));
  cudaMalloc(&dh, 512 * sizeof(int));
  cudaMalloc(&dticket, sizeof(unsigned));
  cudaMalloc(&dbytes, 512);
  cudaMalloc(&dhalves, 512 * sizeof(half));
  cudaMemcpy(dx, x, 512 * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemset(dy, 0, 3 * 512 * sizeof(float));
  cudaMemset(dcount, 0, 16 * sizeof(int));
  cudaMemset(dflag, 0, sizeof(int));
  cudaMemset(dticket, 0, sizeof(unsigned));
  last_block_adds_up<<<4, 128>>>(dx, dpart, dticket, dy);
  histogram<<<4, 128>>>(dx, dcount);
  any_negative<<<4, 128>>>(dx, dflag);
  neighbours_in_one_word<<<4, 128>>>(dx, dbytes, dhalves);
  lanes_meet<<<4, 128>>>(dx, dy + 512);
  waited_for<<<1, 128>>>(dx, dy + 1024);
  padded<<<1, 128>>>(dx, dy + 1024 + 128);
  in_place<<<2, 128>>>(dy, 3 * 512);
  maximum<<<4, 128>>>(dx, dpart);
  hashes<<<4, 128>>>(dh);
  cudaMemcpy(y, dy, 3 * 512 * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(count, dcount, 16 * sizeof(int), cudaMemcpyDeviceToHost);
  cudaMemcpy(flag, dflag, sizeof(int), cudaMemcpyDeviceToHost);
  cudaMemcpy(bytes, dbytes, 512, cudaMemcpyDeviceToHost);
  cudaMemcpy(halves, dhalves, 512 * sizeof(half), cudaMemcpyDeviceToHost);
  cudaMemcpy(h, dh, 512 * sizeof(int), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
  cudaFree(dpart);
  cudaFree(dcount);
  cudaFree(dflag);
  cudaFree(dh);
  cudaFree(dticket);
  cudaFree(dbytes);
  cudaFree(dhalves);
}
