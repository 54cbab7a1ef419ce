// Sum pooling, NHWC, as a template over window and stride; one thread per output element, grid (c, pixel, n).
// shapes: 4_8_8_64_3_3_2_2 5_32_32_64_5_5_3_3 16_112_112_64_5_5_3_3 4_56_56_128_5_5_2_2
#include <hip/hip_runtime.h>

constexpr int N = 4;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int K = 3;
constexpr int S = 2;

template <int KernelSize, int Stride>
struct PoolShape {
    static constexpr int out_h = (H - KernelSize) / Stride + 1;
    static constexpr int out_w = (W - KernelSize) / Stride + 1;
    static constexpr int pixels = out_h * out_w;
};

template <int KernelSize, int Stride>
__global__ void sum_pool_kernel(const float* __restrict__ x, float* __restrict__ y)
{
    using Shape = PoolShape<KernelSize, Stride>;
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    const int pixel = blockIdx.y * blockDim.y + threadIdx.y;
    if (c >= C || pixel >= Shape::pixels) return;

    const int top = pixel / Shape::out_w * Stride;
    const int left = pixel % Shape::out_w * Stride;
    const float* image = x + blockIdx.z * H * W * C;
    float total = 0.f;
#pragma unroll
    for (int i = 0; i < KernelSize; ++i)
#pragma unroll
        for (int j = 0; j < KernelSize; ++j)
            total += image[((top + i) * W + left + j) * C + c];
    y[(blockIdx.z * Shape::pixels + pixel) * C + c] = total;
}

extern "C" void sumpool(const float* x, float* y)
{
    using Shape = PoolShape<K, S>;
    float *dx, *dy;
    hipMalloc(&dx, N * H * W * C * sizeof(float));
    hipMalloc(&dy, N * Shape::pixels * C * sizeof(float));
    hipMemcpy(dx, x, N * H * W * C * sizeof(float), hipMemcpyHostToDevice);

    const dim3 block(64, 4);
    const dim3 grid((C + 63) / 64, (Shape::pixels + 3) / 4, N);
    sum_pool_kernel<K, S><<<grid, block>>>(dx, dy);

    hipMemcpy(y, dy, N * Shape::pixels * C * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(dx);
    hipFree(dy);
}
