// y = (x - mean) / sqrt(variance + eps) * gamma + beta along the rows of a [rows, D] matrix.
// One block per row; sums are halved in shared memory until one is left. The variance is taken
// around the mean in a second sweep: the one-sweep formula cancels badly.
#include <cuda_runtime.h>
#include <math.h>

#define D 256
#define THREADS 128
#define EPS 1e-5f

__global__ void layernorm_kernel(const float* __restrict__ x, const float* __restrict__ gamma,
                                 const float* __restrict__ beta, float* __restrict__ y) {
  __shared__ float acc[THREADS];
  const int t = threadIdx.x;
  const int base = blockIdx.x * D;

  float sum = 0.0f;
  for (int i = t; i < D; i += THREADS) {
    sum += x[base + i];
  }
  acc[t] = sum;
  __syncthreads();
  for (int stride = THREADS / 2; stride > 0; stride >>= 1) {
    if (t < stride) {
      acc[t] += acc[t + stride];
    }
    __syncthreads();
  }
  const float mean = acc[0] / D;
  __syncthreads();  // everyone has read acc[0] before it is written again

  float squares = 0.0f;
  for (int i = t; i < D; i += THREADS) {
    const float d = x[base + i] - mean;
    squares += d * d;
  }
  acc[t] = squares;
  __syncthreads();
  for (int stride = THREADS / 2; stride > 0; stride >>= 1) {
    if (t < stride) {
      acc[t] += acc[t + stride];
    }
    __syncthreads();
  }
  const float inv = rsqrtf(acc[0] / D + EPS);

  for (int i = t; i < D; i += THREADS) {
    y[base + i] = (x[base + i] - mean) * inv * gamma[i] + beta[i];
  }
}

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y,
                          int rows) {
  const size_t bytes = (size_t)rows * D * sizeof(float);
  float *d_x, *d_gamma, *d_beta, *d_y;
  cudaMalloc(&d_x, bytes);
  cudaMalloc(&d_gamma, D * sizeof(float));
  cudaMalloc(&d_beta, D * sizeof(float));
  cudaMalloc(&d_y, bytes);
  cudaMemcpy(d_x, x, bytes, cudaMemcpyHostToDevice);
  cudaMemcpy(d_gamma, gamma, D * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(d_beta, beta, D * sizeof(float), cudaMemcpyHostToDevice);

  layernorm_kernel<<<rows, THREADS>>>(d_x, d_gamma, d_beta, d_y);

  cudaMemcpy(y, d_y, bytes, cudaMemcpyDeviceToHost);
  cudaFree(d_x);
  cudaFree(d_gamma);
  cudaFree(d_beta);
  cudaFree(d_y);
}
