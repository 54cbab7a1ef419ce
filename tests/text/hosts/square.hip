#include <hip/hip_runtime.h>
#include <iostream>
#define HIP_CHECK(cmd) { hipError_t error = cmd; if (error != hipSuccess) { \
  fprintf(stderr, "error: '%s'(%d) at %s:%d\n", hipGetErrorString(error), error, __FILE__, __LINE__); exit(EXIT_FAILURE); } }
template <typename T>
__global__ void vector_square(T *C_d, const T *A_d, size_t N) {
  size_t offset = (blockIdx.x * blockDim.x + threadIdx.x);
  size_t stride = blockDim.x * gridDim.x;
  for (size_t i = offset; i < N; i += stride) C_d[i] = A_d[i] * A_d[i];
}
int main(int argc, char *argv[]) {
  float *A_d, *C_d;
  float *A_h, *C_h;
  size_t N = 10000;
  size_t Nbytes = N * sizeof(float);
  static int device = 0;
  HIP_CHECK(hipSetDevice(device));
  hipDeviceProp_t props;
  HIP_CHECK(hipGetDeviceProperties(&props, device));
  printf("info: running on device %s\n", props.name);
  A_h = (float*)malloc(Nbytes);
  HIP_CHECK(A_h == 0 ? hipErrorOutOfMemory : hipSuccess);
  C_h = (float*)malloc(Nbytes);
  HIP_CHECK(C_h == 0 ? hipErrorOutOfMemory : hipSuccess);
  for (size_t i = 0; i < N; i++) A_h[i] = 1.618f + i;
  HIP_CHECK(hipMalloc(&A_d, Nbytes));
  HIP_CHECK(hipMalloc(&C_d, Nbytes));
  HIP_CHECK(hipMemcpy(A_d, A_h, Nbytes, hipMemcpyHostToDevice));
  const unsigned blocks = 512;
  const unsigned threadsPerBlock = 256;
  hipLaunchKernelGGL((vector_square<float>), dim3(blocks), dim3(threadsPerBlock), 0, 0, C_d, A_d, N);
  HIP_CHECK(hipMemcpy(C_h, C_d, Nbytes, hipMemcpyDeviceToHost));
  for (size_t i = 0; i < N; i++) {
    if (C_h[i] != A_h[i] * A_h[i]) { HIP_CHECK(hipErrorUnknown); }
  }
  printf("PASSED!\n");
}
