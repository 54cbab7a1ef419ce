// y = softmax(x) along the rows of a row-major [rows, COLS] matrix.
// One workgroup per row and one column per thread; 64-lane wavefronts reduce by shuffles, then the
// four wavefronts meet in LDS.
#include <hip/hip_runtime.h>
#include <math.h>

#define COLS 256
#define WAVE 64
#define WAVES (COLS / WAVE)

__device__ inline float wave_max(float v) {
  for (int delta = WAVE / 2; delta > 0; delta /= 2) {
    v = fmaxf(v, __shfl_xor(v, delta));
  }
  return v;
}

__device__ inline float wave_sum(float v) {
  for (int delta = WAVE / 2; delta > 0; delta /= 2) {
    v += __shfl_xor(v, delta);
  }
  return v;
}

__global__ void softmax_kernel(const float* __restrict__ x, float* __restrict__ y) {
  __shared__ float partial_max[WAVES];
  __shared__ float partial_sum[WAVES];
  const int col = threadIdx.x;
  const int wave = threadIdx.x / WAVE;
  const int lane = threadIdx.x % WAVE;
  const int at = blockIdx.x * COLS + col;

  const float v = x[at];
  const float m = wave_max(v);
  if (lane == 0) {
    partial_max[wave] = m;
  }
  __syncthreads();
  float top = partial_max[0];
  for (int w = 1; w < WAVES; ++w) {
    top = fmaxf(top, partial_max[w]);
  }

  const float e = expf(v - top);
  const float s = wave_sum(e);
  if (lane == 0) {
    partial_sum[wave] = s;
  }
  __syncthreads();
  float sum = 0.0f;
  for (int w = 0; w < WAVES; ++w) {
    sum += partial_sum[w];
  }

  y[at] = e / sum;
}

extern "C" void softmax(const float* x, float* y, int rows) {
  const size_t bytes = (size_t)rows * COLS * sizeof(float);
  float *d_x, *d_y;
  hipMalloc(&d_x, bytes);
  hipMalloc(&d_y, bytes);
  hipMemcpy(d_x, x, bytes, hipMemcpyHostToDevice);

  softmax_kernel<<<dim3(rows), dim3(COLS), 0, 0>>>(d_x, d_y);
  hipDeviceSynchronize();

  hipMemcpy(y, d_y, bytes, hipMemcpyDeviceToHost);
  hipFree(d_x);
  hipFree(d_y);
}
