#include <stdio.h>
#include <cuda_runtime.h>
__global__ void square(float* a, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) a[i] = a[i] * a[i]; }
int main(int argc, char** argv) {
  int devID = 0, devCount = 0;
  cudaGetDeviceCount(&devCount);
  if (devCount == 0) { printf("no device\n"); return 0; }
  cudaSetDevice(devID);
  cudaDeviceProp prop;
  cudaGetDeviceProperties(&prop, devID);
  printf("Device %d: \"%s\" with compute %d.%d, %d SMs, warp %d\n", devID, prop.name, prop.major, prop.minor, prop.multiProcessorCount, prop.warpSize);
  int n = 4000;
  if (argc > 1) n = atoi(argv[1]);
  float* h = new float[n];
  for (int i = 0; i < n; ++i) h[i] = i % 10;
  float* d;
  cudaMalloc(&d, n * sizeof(float));
  cudaMemcpy(d, h, n * sizeof(float), cudaMemcpyHostToDevice);
  int minGrid, blockSize;
  cudaOccupancyMaxPotentialBlockSize(&minGrid, &blockSize, square, 0, 0);
  int grid = (n + blockSize - 1) / blockSize;
  square<<<grid, blockSize>>>(d, n);
  cudaMemcpy(h, d, n * sizeof(float), cudaMemcpyDeviceToHost);
  float s = 0; for (int i = 0; i < n; ++i) s += h[i];
  printf("sum %g\n", s);
  cudaFree(d);
  delete[] h;
  return 0;
}
