// C = A * B, unsigned 8-bit x signed 8-bit -> 32-bit, row-major: one output per thread, no tiles.
#include <hip/hip_runtime.h>
#include <stdint.h>

#define M 128
#define N 128
#define K 128

__global__ void gemm_kernel(const uint8_t* A, const int8_t* B, int32_t* C) {
  const int index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index >= M * N) {
    return;
  }
  const int m = index / N;
  const int n = index % N;

  int sum = 0;
  for (int k = 0; k < K; ++k) {
    sum += A[m * K + k] * B[k * N + n];  // both promote to int before the product
  }
  C[index] = sum;
}

extern "C" void gemm_u8s8(const uint8_t* A, const int8_t* B, int32_t* C) {
  uint8_t* d_a;
  int8_t* d_b;
  int32_t* d_c;
  hipMalloc(&d_a, M * K);
  hipMalloc(&d_b, K * N);
  hipMalloc(&d_c, M * N * sizeof(int32_t));
  hipMemcpy(d_a, A, M * K, hipMemcpyHostToDevice);
  hipMemcpy(d_b, B, K * N, hipMemcpyHostToDevice);

  gemm_kernel<<<dim3((M * N + 255) / 256), dim3(256), 0, 0>>>(d_a, d_b, d_c);
  hipDeviceSynchronize();

  hipMemcpy(C, d_c, M * N * sizeof(int32_t), hipMemcpyDeviceToHost);
  hipFree(d_a);
  hipFree(d_b);
  hipFree(d_c);
}
