#include <cuda_runtime.h>
__global__ void kernel(float *a, int offset) {
  int i = offset + threadIdx.x + blockIdx.x * blockDim.x;
  float x = (float)(i % 7);
  a[i] = a[i] + sqrtf(x * x + 1.0f);
}
extern "C" void run_streams(float* a, int n) {
  const int blockSize = 64, nStreams = 4;
  const int streamSize = n / nStreams;
  const int streamBytes = streamSize * sizeof(float);
  const int bytes = n * sizeof(float);
  float *d_a;
  cudaMalloc((void**)&d_a, bytes);
  cudaStream_t stream[nStreams];
  for (int i = 0; i < nStreams; ++i) cudaStreamCreate(&stream[i]);
  for (int i = 0; i < nStreams; ++i) {
    int offset = i * streamSize;
    cudaMemcpyAsync(&d_a[offset], &a[offset], streamBytes, cudaMemcpyHostToDevice, stream[i]);
    kernel<<<streamSize / blockSize, blockSize, 0, stream[i]>>>(d_a, offset);
    cudaMemcpyAsync(&a[offset], &d_a[offset], streamBytes, cudaMemcpyDeviceToHost, stream[i]);
  }
  for (int i = 0; i < nStreams; ++i) cudaStreamSynchronize(stream[i]);
  for (int i = 0; i < nStreams; ++i) cudaStreamDestroy(stream[i]);
  cudaFree(d_a);
}
