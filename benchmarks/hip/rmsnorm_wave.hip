// RMSNorm with a wavefront per row and no LDS: four rows per workgroup, butterfly sum, double pass over the row.
// shapes: 8192_4096 8192_8192
#include <hip/hip_runtime.h>

constexpr int ROWS = 8192;
constexpr int D = 4096;

constexpr int kWave = 64;
constexpr int kRowsPerGroup = 4;
static_assert(ROWS % kRowsPerGroup == 0 && D % (4 * kWave) == 0);

__global__ __launch_bounds__(kWave * kRowsPerGroup) void rmsnorm_wave(const float* __restrict__ x,
                                                                      float* __restrict__ y, float eps)
{
    const size_t row = (size_t)blockIdx.x * kRowsPerGroup + threadIdx.y;
    const float4* in = reinterpret_cast<const float4*>(x + row * D);
    float4* out = reinterpret_cast<float4*>(y + row * D);

    float sum = 0.0f;
    for (int v = threadIdx.x; v < D / 4; v += kWave) {
        const float4 f = in[v];
        sum += f.x * f.x;
        sum += f.y * f.y;
        sum += f.z * f.z;
        sum += f.w * f.w;
    }
    for (int mask = kWave / 2; mask; mask >>= 1)
        sum += __shfl_xor(sum, mask);

    const float r = 1.0f / sqrtf(sum / D + eps);
    for (int v = threadIdx.x; v < D / 4; v += kWave) {
        float4 f = in[v];
        f.x *= r;
        f.y *= r;
        f.z *= r;
        f.w *= r;
        out[v] = f;
    }
}

extern "C" void rmsnorm(const float* x, float* y)
{
    float *x_dev, *y_dev;
    const size_t count = (size_t)ROWS * D;
    hipMalloc(&x_dev, count * sizeof(float));
    hipMalloc(&y_dev, count * sizeof(float));
    hipMemcpy(x_dev, x, count * sizeof(float), hipMemcpyHostToDevice);

    hipLaunchKernelGGL(rmsnorm_wave, dim3(ROWS / kRowsPerGroup), dim3(kWave, kRowsPerGroup), 0, 0, x_dev, y_dev, 1e-5f);

    hipMemcpy(y, y_dev, count * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(x_dev);
    hipFree(y_dev);
}
