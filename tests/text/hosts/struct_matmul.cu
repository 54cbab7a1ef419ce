#include <stdio.h>
#include <cuda_runtime.h>
typedef struct { int width; int height; float* elements; } Matrix;
#define BS 16
__global__ void MatMulKernel(Matrix A, Matrix B, Matrix C) {
  float v = 0;
  int row = blockIdx.y * blockDim.y + threadIdx.y;
  int col = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= A.height || col >= B.width) return;
  for (int e = 0; e < A.width; ++e) v += A.elements[row * A.width + e] * B.elements[e * B.width + col];
  C.elements[row * C.width + col] = v;
}
void MatMul(const Matrix A, const Matrix B, Matrix C) {
  Matrix d_A;
  d_A.width = A.width; d_A.height = A.height;
  size_t size = A.width * A.height * sizeof(float);
  cudaMalloc(&d_A.elements, size);
  cudaMemcpy(d_A.elements, A.elements, size, cudaMemcpyHostToDevice);
  Matrix d_B;
  d_B.width = B.width; d_B.height = B.height;
  size = B.width * B.height * sizeof(float);
  cudaMalloc(&d_B.elements, size);
  cudaMemcpy(d_B.elements, B.elements, size, cudaMemcpyHostToDevice);
  Matrix d_C;
  d_C.width = C.width; d_C.height = C.height;
  size = C.width * C.height * sizeof(float);
  cudaMalloc(&d_C.elements, size);
  dim3 dimBlock(BS, BS);
  dim3 dimGrid((B.width + BS - 1) / dimBlock.x, (A.height + BS - 1) / dimBlock.y);
  MatMulKernel<<<dimGrid, dimBlock>>>(d_A, d_B, d_C);
  cudaMemcpy(C.elements, d_C.elements, size, cudaMemcpyDeviceToHost);
  cudaFree(d_A.elements); cudaFree(d_B.elements); cudaFree(d_C.elements);
}
int main() {
  Matrix A = {40, 24, (float*)malloc(40 * 24 * 4)}, B = {32, 40, (float*)malloc(32 * 40 * 4)}, C = {32, 24, (float*)malloc(32 * 24 * 4)};
  for (int i = 0; i < 40 * 24; i++) A.elements[i] = i % 7;
  for (int i = 0; i < 40 * 32; i++) B.elements[i] = i % 5;
  MatMul(A, B, C);
  float s = 0; for (int i = 0; i < 32 * 24; i++) s += C.elements[i];
  printf("%g\n", s);
  return 0;
}
