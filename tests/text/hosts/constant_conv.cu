#include <cuda_runtime.h>
#include <stdio.h>
#define KERNEL_RADIUS 4
#define KERNEL_LENGTH (2 * KERNEL_RADIUS + 1)
__constant__ float c_Kernel[KERNEL_LENGTH];
extern "C" void setConvolutionKernel(float *h_Kernel) {
  cudaMemcpyToSymbol(c_Kernel, h_Kernel, KERNEL_LENGTH * sizeof(float));
}
__global__ void convolutionRowsKernel(float *d_Dst, const float *d_Src, int imageW, int imageH) {
  int x = blockIdx.x * blockDim.x + threadIdx.x;
  int y = blockIdx.y;
  if (x >= imageW) return;
  float sum = 0;
  for (int j = -KERNEL_RADIUS; j <= KERNEL_RADIUS; j++) {
    int xx = x + j;
    if (xx >= 0 && xx < imageW) sum += c_Kernel[KERNEL_RADIUS - j] * d_Src[y * imageW + xx];
  }
  d_Dst[y * imageW + x] = sum;
}
int main() {
  const int imageW = 192, imageH = 16;
  float *h_Kernel = (float *)malloc(KERNEL_LENGTH * sizeof(float));
  float *h_Input = (float *)malloc(imageW * imageH * sizeof(float));
  float *h_Output = (float *)malloc(imageW * imageH * sizeof(float));
  srand(200);
  for (unsigned int i = 0; i < KERNEL_LENGTH; i++) h_Kernel[i] = (float)(rand() % 16);
  for (unsigned i = 0; i < imageW * imageH; i++) h_Input[i] = (float)(rand() % 16);
  float *d_Input, *d_Output;
  cudaMalloc((void **)&d_Input, imageW * imageH * sizeof(float));
  cudaMalloc((void **)&d_Output, imageW * imageH * sizeof(float));
  setConvolutionKernel(h_Kernel);
  cudaMemcpy(d_Input, h_Input, imageW * imageH * sizeof(float), cudaMemcpyHostToDevice);
  dim3 blocks(imageW / 64, imageH), threads(64, 1);
  convolutionRowsKernel<<<blocks, threads>>>(d_Output, d_Input, imageW, imageH);
  cudaMemcpy(h_Output, d_Output, imageW * imageH * sizeof(float), cudaMemcpyDeviceToHost);
  double s = 0; for (int i = 0; i < imageW * imageH; i++) s += h_Output[i];
  printf("checksum %f\n", s);
  cudaFree(d_Output); cudaFree(d_Input);
  return 0;
}
