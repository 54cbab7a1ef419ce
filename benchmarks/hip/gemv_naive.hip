// Matrix-vector product, a thread per row.
// shapes: 3_16 32_64 125_128
#include <hip/hip_runtime.h>

#define M 32
#define N 64

__global__ void gemv_kernel(const float *mat, const float *vec, float *res, int rows, int cols)
{
  int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r < rows) {
    float sum = 0.0f;
    for (int c = 0; c < cols; ++c)
      sum += mat[r * cols + c] * vec[c];
    res[r] = sum;
  }
}

extern "C" void gemv(const float *mat, const float *vec, float *res)
{
  float *mat_gpu, *vec_gpu, *res_gpu;
  hipMalloc((void **)&mat_gpu, M * N * sizeof(float));
  hipMalloc((void **)&vec_gpu, N * sizeof(float));
  hipMalloc((void **)&res_gpu, M * sizeof(float));
  hipMemcpy(mat_gpu, mat, M * N * sizeof(float), hipMemcpyHostToDevice);
  hipMemcpy(vec_gpu, vec, N * sizeof(float), hipMemcpyHostToDevice);

  dim3 threads(64);
  dim3 groups((M + 63) / 64);
  gemv_kernel<<<groups, threads>>>(mat_gpu, vec_gpu, res_gpu, M, N);
  hipDeviceSynchronize();

  hipMemcpy(res, res_gpu, M * sizeof(float), hipMemcpyDeviceToHost);
  hipFree(mat_gpu);
  hipFree(vec_gpu);
  hipFree(res_gpu);
}
