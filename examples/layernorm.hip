// y = (x - mean) / sqrt(variance + eps) * gamma + beta along the rows of a [rows, D] matrix.
// One wavefront per row, four rows per workgroup: no LDS and no barrier, only shuffles.
#include <hip/hip_runtime.h>
#include <math.h>

#define D 256
#define WAVE 64
#define ROWS_PER_BLOCK 4
#define PER_LANE (D / WAVE)
#define EPS 1e-5f

__device__ inline float wave_sum(float v) {
  for (int delta = WAVE / 2; delta > 0; delta /= 2) {
    v += __shfl_xor(v, delta);
  }
  return v;
}

__global__ void layernorm_kernel(const float* __restrict__ x, const float* __restrict__ gamma,
                                 const float* __restrict__ beta, float* __restrict__ y, int rows) {
  const int lane = threadIdx.x;
  const int row = blockIdx.x * ROWS_PER_BLOCK + threadIdx.y;
  if (row >= rows) {
    return;  // the same decision for the whole wavefront
  }

  float v[PER_LANE];
  float sum = 0.0f;
  for (int i = 0; i < PER_LANE; ++i) {
    v[i] = x[row * D + i * WAVE + lane];
    sum += v[i];
  }
  const float mean = wave_sum(sum) / D;

  float squares = 0.0f;
  for (int i = 0; i < PER_LANE; ++i) {
    v[i] -= mean;
    squares += v[i] * v[i];
  }
  const float inv = 1.0f / sqrtf(wave_sum(squares) / D + EPS);

  for (int i = 0; i < PER_LANE; ++i) {
    const int col = i * WAVE + lane;
    y[row * D + col] = v[i] * inv * gamma[col] + beta[col];
  }
}

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y,
                          int rows) {
  const size_t bytes = (size_t)rows * D * sizeof(float);
  float *d_x, *d_gamma, *d_beta, *d_y;
  hipMalloc(&d_x, bytes);
  hipMalloc(&d_gamma, D * sizeof(float));
  hipMalloc(&d_beta, D * sizeof(float));
  hipMalloc(&d_y, bytes);
  hipMemcpy(d_x, x, bytes, hipMemcpyHostToDevice);
  hipMemcpy(d_gamma, gamma, D * sizeof(float), hipMemcpyHostToDevice);
  hipMemcpy(d_beta, beta, D * sizeof(float), hipMemcpyHostToDevice);

  const int blocks = (rows + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK;
  layernorm_kernel<<<dim3(blocks), dim3(WAVE, ROWS_PER_BLOCK), 0, 0>>>(d_x, d_gamma, d_beta, d_y,
                                                                       rows);
  hipDeviceSynchronize();

  hipMemcpy(y, d_y, bytes, hipMemcpyDeviceToHost);
  hipFree(d_x);
  hipFree(d_gamma);
  hipFree(d_beta);
  hipFree(d_y);
}
