// C = A * B, half x half -> float, row-major: matrix cores through the MFMA builtin.
// One wavefront of (16, 4) threads per 16 x 16 tile of C. Lane (x, y) holds A[x][4y .. 4y+3] and
// B[4y .. 4y+3][x] of a step, and C[4y .. 4y+3][x] of the result.
#include <hip/hip_runtime.h>

#define M 128
#define N 128
#define K 128

typedef _Float16 fp16;
typedef fp16 fp16_x4 __attribute__((vector_size(4 * sizeof(fp16))));
typedef float float_x4 __attribute__((vector_size(4 * sizeof(float))));

__global__ void gemm_kernel(const fp16* A, const fp16* B, float* C) {
  const int x = threadIdx.x;
  const int y = threadIdx.y;
  const int row = blockIdx.y * 16;
  const int col = blockIdx.x * 16;

  float_x4 acc = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int k = 0; k < K; k += 16) {
    fp16_x4 a;
    fp16_x4 b;
    for (int i = 0; i < 4; ++i) {
      a[i] = A[(row + x) * K + k + 4 * y + i];
      b[i] = B[(k + 4 * y + i) * N + col + x];
    }
    acc = __builtin_amdgcn_mfma_f32_16x16x16f16(a, b, acc, 0, 0, 0);
  }
  for (int i = 0; i < 4; ++i) {
    C[(row + 4 * y + i) * N + col + x] = acc[i];
  }
}

extern "C" void gemm_half(const fp16* A, const fp16* B, float* C) {
  fp16 *d_a, *d_b;
  float* d_c;
  hipMalloc(&d_a, M * K * sizeof(fp16));
  hipMalloc(&d_b, K * N * sizeof(fp16));
  hipMalloc(&d_c, M * N * sizeof(float));
  hipMemcpy(d_a, A, M * K * sizeof(fp16), hipMemcpyHostToDevice);
  hipMemcpy(d_b, B, K * N * sizeof(fp16), hipMemcpyHostToDevice);

  gemm_kernel<<<dim3(N / 16, M / 16), dim3(16, 4), 0, 0>>>(d_a, d_b, d_c);
  hipDeviceSynchronize();

  hipMemcpy(C, d_c, M * N * sizeof(float), hipMemcpyDeviceToHost);
  hipFree(d_a);
  hipFree(d_b);
  hipFree(d_c);
}
