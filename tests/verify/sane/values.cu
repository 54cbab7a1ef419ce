// Each kernel has one defect, on the line that ends in a finding's code.
#include <cuda_runtime.h>
#include <cuda_pipeline.h>

__global__ void part_of_a_tile(const float* x, float* y) {
  __shared__ float tile[256];
  if (threadIdx.x < 200) tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];  // XP2105
}

__global__ void a_local_without_a_value(const float* x, float* y) {
  float sum;
  if (x[0] > 100.0f) sum = 0.0f;
  for (int i = 0; i < 4; ++i) sum += x[i];  // XP2105
  y[threadIdx.x] = sum;
}

__global__ void copied_and_not_waited_for(const float* x, float* y) {
  __shared__ float tile[256];
  __pipeline_memcpy_async(&tile[threadIdx.x], x + threadIdx.x, 4);
  __pipeline_commit();
  y[threadIdx.x] = tile[threadIdx.x];  // XP2108
  __pipeline_wait_prior(0);
}

__global__ void four_from_an_odd_place(const float* x, float* y) {
  float4 v = *reinterpret_cast<const float4*>(x + threadIdx.x % 4 * 4 + 1);  // XP2109
  y[threadIdx.x] = v.x + v.w;
}

__global__ void an_index_too_large(const float* x, float* y, int n) {
  int at = n * 65536 * 4;  // XP2142
  y[threadIdx.x] = x[(at + (int)threadIdx.x) & 255];
}

extern "C" void run(const float* x, float* y) {
  float *dx, *dy;
  cudaMalloc(&dx, 256 * sizeof(float));
  cudaMalloc(&dy, 5 * 256 * sizeof(float));
  cudaMemcpy(dx, x, 256 * sizeof(float), cudaMemcpyHostToDevice);
  part_of_a_tile<<<1, 256>>>(dx, dy);
  a_local_without_a_value<<<1, 256>>>(dx, dy + 256);
  copied_and_not_waited_for<<<1, 256>>>(dx, dy + 512);
  four_from_an_odd_place<<<1, 256>>>(dx, dy + 768);
  an_index_too_large<<<1, 256>>>(dx, dy + 1024, 65536);
  cudaMemcpy(y, dy, 5 * 256 * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(dx);
  cudaFree(dy);
}
