// Batched matrix product, row-major and densely strided: thread (col, row, batch).
// shapes: 1_128_128_128 4_128_128_128
#include <hip/hip_runtime.h>

#define B 4
#define M 128
#define K 128
#define N 128

__global__ void bmm_kernel(const float* lhs, const float* rhs, float* out)
{
    const int col = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    const int batch = blockIdx.z;

    lhs += batch * M * K;
    rhs += batch * K * N;
    out += batch * M * N;

    if (row < M && col < N) {
        float value = 0.0f;
        for (int k = 0; k < K; ++k) {
            value += lhs[row * K + k] * rhs[k * N + col];
        }
        out[row * N + col] = value;
    }
}

extern "C" void bmm(const float* lhs, const float* rhs, float* out)
{
    float *d_lhs, *d_rhs, *d_out;
    hipMalloc(&d_lhs, B * M * K * sizeof(float));
    hipMalloc(&d_rhs, B * K * N * sizeof(float));
    hipMalloc(&d_out, B * M * N * sizeof(float));
    hipMemcpy(d_lhs, lhs, B * M * K * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(d_rhs, rhs, B * K * N * sizeof(float), hipMemcpyHostToDevice);

    dim3 block(32, 8);
    dim3 grid((N + block.x - 1) / block.x, (M + block.y - 1) / block.y, B);
    bmm_kernel<<<grid, block>>>(d_lhs, d_rhs, d_out);
    hipDeviceSynchronize();

    hipMemcpy(out, d_out, B * M * N * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(d_lhs);
    hipFree(d_rhs);
    hipFree(d_out);
}
