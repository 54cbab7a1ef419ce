// c = a + b with 128-bit loads and stores: the float buffers are read as float4, four elements per thread.
// shapes: 100_2_10_1024 4_4_4_64
#include <cuda_runtime.h>

#define SIZE 4096

#define FLOAT4(value) (reinterpret_cast<float4*>(&(value))[0])

__global__ void elementwise_add_f32x4_kernel(float* a, float* b, float* c, int N) {
  int idx = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  if (idx < N) {
    float4 reg_a = FLOAT4(a[idx]);
    float4 reg_b = FLOAT4(b[idx]);
    float4 reg_c;
    reg_c.x = reg_a.x + reg_b.x;
    reg_c.y = reg_a.y + reg_b.y;
    reg_c.z = reg_a.z + reg_b.z;
    reg_c.w = reg_a.w + reg_b.w;
    FLOAT4(c[idx]) = reg_c;
  }
}

extern "C" void add(const float* a, const float* b, float* c) {
  float *a_d, *b_d, *c_d;
  cudaMalloc(&a_d, SIZE * sizeof(float));
  cudaMalloc(&b_d, SIZE * sizeof(float));
  cudaMalloc(&c_d, SIZE * sizeof(float));
  cudaMemcpy(a_d, a, SIZE * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b_d, b, SIZE * sizeof(float), cudaMemcpyHostToDevice);

  dim3 block(256 / 4);
  dim3 grid((SIZE + 256 - 1) / 256);
  elementwise_add_f32x4_kernel<<<grid, block>>>(a_d, b_d, c_d, SIZE);

  cudaMemcpy(c, c_d, SIZE * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(a_d);
  cudaFree(b_d);
  cudaFree(c_d);
}
