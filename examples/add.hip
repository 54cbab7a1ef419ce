// c = a + b, element by element, for any n.
// A fixed grid walks the array in strides of the whole grid, four floats at a time.
#include <hip/hip_runtime.h>

#define BLOCK 256
#define GRID 8

__global__ void add_kernel(const float* __restrict__ a, const float* __restrict__ b,
                           float* __restrict__ c, int n) {
  const int tid = blockIdx.x * blockDim.x + threadIdx.x;
  const int stride = gridDim.x * blockDim.x;
  const int n4 = n / 4;

  const float4* a4 = reinterpret_cast<const float4*>(a);
  const float4* b4 = reinterpret_cast<const float4*>(b);
  float4* c4 = reinterpret_cast<float4*>(c);
  for (int i = tid; i < n4; i += stride) {
    const float4 x = a4[i];
    const float4 y = b4[i];
    c4[i] = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
  }

  // The n % 4 elements behind the last full vector.
  const int rest = 4 * n4 + tid;
  if (rest < n) {
    c[rest] = a[rest] + b[rest];
  }
}

extern "C" void add(const float* a, const float* b, float* c, int n) {
  const size_t bytes = n * sizeof(float);
  float *d_a, *d_b, *d_c;
  hipMalloc(&d_a, bytes);
  hipMalloc(&d_b, bytes);
  hipMalloc(&d_c, bytes);
  hipMemcpy(d_a, a, bytes, hipMemcpyHostToDevice);
  hipMemcpy(d_b, b, bytes, hipMemcpyHostToDevice);

  add_kernel<<<dim3(GRID), dim3(BLOCK), 0, 0>>>(d_a, d_b, d_c, n);
  hipDeviceSynchronize();

  hipMemcpy(c, d_c, bytes, hipMemcpyDeviceToHost);
  hipFree(d_a);
  hipFree(d_b);
  hipFree(d_c);
}
