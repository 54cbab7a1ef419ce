#include <stdio.h>
#include <stdlib.h>
#define BLOCK_SIZE 16
#define MIN(a, b) ((a)<=(b) ? (a) : (b))
__global__ void stencil(const float *power, const float *src, float *dst, int rows, int cols, float cap) {
  int c = blockIdx.x * BLOCK_SIZE + threadIdx.x;
  int r = blockIdx.y * BLOCK_SIZE + threadIdx.y;
  if (r >= rows || c >= cols) return;
  int n = r > 0 ? r - 1 : 0, s = r < rows - 1 ? r + 1 : rows - 1;
  int w = c > 0 ? c - 1 : 0, e = c < cols - 1 ? c + 1 : cols - 1;
  float t = src[r * cols + c];
  dst[r * cols + c] = t + cap * (power[r * cols + c] + (src[n * cols + c] + src[s * cols + c] - 2.0f * t)
      + (src[r * cols + w] + src[r * cols + e] - 2.0f * t));
}
int compute_tran_temp(float *MatrixPower, float *MatrixTemp[2], int col, int row, int total_iterations, float cap) {
  dim3 dimBlock(BLOCK_SIZE, BLOCK_SIZE);
  dim3 dimGrid((col + BLOCK_SIZE - 1) / BLOCK_SIZE, (row + BLOCK_SIZE - 1) / BLOCK_SIZE);
  int src = 1, dst = 0;
  for (int t = 0; t < total_iterations; t++) {
    int temp = src;
    src = dst;
    dst = temp;
    stencil<<<dimGrid, dimBlock>>>(MatrixPower, MatrixTemp[src], MatrixTemp[dst], row, col, cap);
  }
  return dst;
}
int main(int argc, char** argv) {
  int size = 64, grid_rows = 64, grid_cols = 64, total_iterations = 4;
  size = grid_rows * grid_cols;
  float *FilesavingTemp = (float *)malloc(size * sizeof(float));
  float *FilesavingPower = (float *)malloc(size * sizeof(float));
  float *MatrixOut = (float *)calloc(size, sizeof(float));
  if (!FilesavingPower || !FilesavingTemp || !MatrixOut) { printf("unable to allocate memory\n"); return 1; }
  srand(7);
  for (int i = 0; i < size; i++) { FilesavingTemp[i] = 323.0f + (rand() % 100) / 10.0f; FilesavingPower[i] = (rand() % 100) / 1000.0f; }
  float *MatrixTemp[2], *MatrixPower;
  cudaMalloc((void**)&MatrixTemp[0], sizeof(float) * size);
  cudaMalloc((void**)&MatrixTemp[1], sizeof(float) * size);
  cudaMemcpy(MatrixTemp[0], FilesavingTemp, sizeof(float) * size, cudaMemcpyHostToDevice);
  cudaMalloc((void**)&MatrixPower, sizeof(float) * size);
  cudaMemcpy(MatrixPower, FilesavingPower, sizeof(float) * size, cudaMemcpyHostToDevice);
  int ret = compute_tran_temp(MatrixPower, MatrixTemp, grid_cols, grid_rows, total_iterations, 0.01f);
  cudaMemcpy(MatrixOut, MatrixTemp[ret], sizeof(float) * size, cudaMemcpyDeviceToHost);
  double sum = 0; for (int i = 0; i < size; i++) sum += MatrixOut[i];
  printf("sum %.4f\n", sum);
  cudaFree(MatrixPower); cudaFree(MatrixTemp[0]); cudaFree(MatrixTemp[1]);
  free(MatrixOut);
  return 0;
}
