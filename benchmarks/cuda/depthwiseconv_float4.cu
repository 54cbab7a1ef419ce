// Depthwise convolution in HWC: four channels per thread as a float4 and ROWS_PER_THREAD outputs down a column, with
// the filter of these channels held in registers. Block (C / 4, 4) covers four columns.
// shapes: 128_3_128 192_3_128 256_3_128
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CHECK(call)                                                                \
    {                                                                              \
        const cudaError_t error = call;                                            \
        if (error != cudaSuccess) {                                                \
            printf("Error: %s:%d, ", __FILE__, __LINE__);                          \
            printf("code:%d, reason: %s\n", error, cudaGetErrorString(error));     \
            exit(1);                                                               \
        }                                                                          \
    }

constexpr int H = 128;
constexpr int K = 3;
constexpr int C = 128;

constexpr int OUT = H - K + 1;
constexpr int QUADS = C / 4;
constexpr int COLS = 4;
constexpr int ROWS_PER_THREAD = 2;

static_assert(C % 4 == 0 && OUT % ROWS_PER_THREAD == 0, "whole float4 and whole strips");

__device__ __forceinline__ float4 fma4(float4 a, float4 b, float4 c)
{
    return make_float4(fmaf(a.x, b.x, c.x), fmaf(a.y, b.y, c.y), fmaf(a.z, b.z, c.z), fmaf(a.w, b.w, c.w));
}

__global__ void dwconv_hwc_vec4(const float4* __restrict__ in, const float4* __restrict__ weight,
                                float4* __restrict__ out)
{
    const int quad = threadIdx.x;
    const int col = blockIdx.x * COLS + threadIdx.y;
    const int row0 = blockIdx.y * ROWS_PER_THREAD;
    if (col >= OUT) return;

    float4 w[K * K];
#pragma unroll
    for (int t = 0; t < K * K; ++t) w[t] = weight[t * QUADS + quad];

#pragma unroll
    for (int r = 0; r < ROWS_PER_THREAD; ++r) {
        float4 acc = make_float4(0.f, 0.f, 0.f, 0.f);
#pragma unroll
        for (int i = 0; i < K; ++i)
#pragma unroll
            for (int j = 0; j < K; ++j)
                acc = fma4(in[((row0 + r + i) * H + col + j) * QUADS + quad], w[i * K + j], acc);
        out[((row0 + r) * OUT + col) * QUADS + quad] = acc;
    }
}

extern "C" void depthwiseconv(const float* in, const float* weight, float* out)
{
    const size_t inBytes = sizeof(float) * H * H * C;
    const size_t weightBytes = sizeof(float) * K * K * C;
    const size_t outBytes = sizeof(float) * OUT * OUT * C;

    float4 *d_in, *d_weight, *d_out;
    CHECK(cudaMalloc((void**)&d_in, inBytes));
    CHECK(cudaMalloc((void**)&d_weight, weightBytes));
    CHECK(cudaMalloc((void**)&d_out, outBytes));
    CHECK(cudaMemcpy(d_in, in, inBytes, cudaMemcpyHostToDevice));
    CHECK(cudaMemcpy(d_weight, weight, weightBytes, cudaMemcpyHostToDevice));

    dim3 block(QUADS, COLS);
    dim3 grid((OUT + COLS - 1) / COLS, OUT / ROWS_PER_THREAD);
    dwconv_hwc_vec4<<<grid, block>>>(d_in, d_weight, d_out);
    CHECK(cudaGetLastError());
    CHECK(cudaDeviceSynchronize());

    CHECK(cudaMemcpy(out, d_out, outBytes, cudaMemcpyDeviceToHost));
    CHECK(cudaFree(d_in));
    CHECK(cudaFree(d_weight));
    CHECK(cudaFree(d_out));
}
