// y = A x. A wavefront per row; the sum over 64 lanes by data-parallel primitives (DPP) on the vector ALU, which
// needs no LDS traffic as __shfl does. The total arrives in lane 63.
// shapes: 32_512
#include <hip/hip_runtime.h>

constexpr int M = 32;
constexpr int N = 512;

constexpr int WAVE = 64;

// Adds the value of the lane that `control` selects; lanes without a source add zero.
template <int control, int row_mask = 0xf>
__device__ __forceinline__ float dpp_add(float v)
{
    const int other = __builtin_amdgcn_update_dpp(0, __float_as_int(v), control, row_mask, 0xf, false);
    return v + __int_as_float(other);
}

__device__ __forceinline__ float wave_sum_to_last(float v)
{
    v = dpp_add<0x111>(v);       // row_shr:1
    v = dpp_add<0x112>(v);       // row_shr:2
    v = dpp_add<0x114>(v);       // row_shr:4
    v = dpp_add<0x118>(v);       // row_shr:8
    v = dpp_add<0x142, 0xa>(v);  // row_bcast:15 into rows 1 and 3
    v = dpp_add<0x143, 0xc>(v);  // row_bcast:31 into rows 2 and 3
    return v;
}

__global__ __launch_bounds__(WAVE) void gemv_dpp(const float* __restrict__ A, const float* __restrict__ x,
                                                 float* __restrict__ y)
{
    const int lane = threadIdx.x;
    const float* row = A + blockIdx.x * N;
    float sum = 0.0f;
    for (int n = lane; n < N; n += WAVE)
        sum += row[n] * x[n];
    sum = wave_sum_to_last(sum);
    if (lane == WAVE - 1)
        y[blockIdx.x] = sum;
}

extern "C" void gemv(const float* A, const float* x, float* y)
{
    float *dev_A, *dev_x, *dev_y;
    hipMalloc(&dev_A, M * N * sizeof(float));
    hipMalloc(&dev_x, N * sizeof(float));
    hipMalloc(&dev_y, M * sizeof(float));
    hipMemcpy(dev_A, A, M * N * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(dev_x, x, N * sizeof(float), hipMemcpyHostToDevice);
    gemv_dpp<<<M, WAVE>>>(dev_A, dev_x, dev_y);
    hipMemcpy(y, dev_y, M * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(dev_A);
    hipFree(dev_x);
    hipFree(dev_y);
}
