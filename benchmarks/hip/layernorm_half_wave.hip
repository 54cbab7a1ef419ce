// LayerNorm for D = 32: two tokens share a wavefront, 32 lanes each, and shuffles stay inside a half by
// their width argument. Deviations are squared after the mean is known, everything in registers.
// shapes: 2_4_32 2_8_32
#include <hip/hip_runtime.h>

#define B 2
#define L 4
#define D 32

#define TOKENS (B * L)
#define TOKENS_PER_BLOCK 4

__device__ inline float group_sum(float v)
{
    v += __shfl_xor(v, 16, D);
    v += __shfl_xor(v, 8, D);
    v += __shfl_xor(v, 4, D);
    v += __shfl_xor(v, 2, D);
    v += __shfl_xor(v, 1, D);
    return v;
}

__global__ void ln32(const float* x, const float* g, const float* b, float* y)
{
    const int c = threadIdx.x % D;
    const int token = blockIdx.x * TOKENS_PER_BLOCK + threadIdx.x / D;
    const int at = token * D + c;

    const float v = x[at];
    const float mu = group_sum(v) / D;
    const float dev = v - mu;
    const float var = group_sum(dev * dev) / D;
    y[at] = dev * rsqrtf(var + 1e-5f) * g[c] + b[c];
}

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y)
{
    float *dx, *dg, *db, *dy;
    hipMalloc(&dx, TOKENS * D * sizeof(float));
    hipMalloc(&dg, D * sizeof(float));
    hipMalloc(&db, D * sizeof(float));
    hipMalloc(&dy, TOKENS * D * sizeof(float));
    hipMemcpy(dx, x, TOKENS * D * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(dg, gamma, D * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(db, beta, D * sizeof(float), hipMemcpyHostToDevice);
    ln32<<<TOKENS / TOKENS_PER_BLOCK, TOKENS_PER_BLOCK * D>>>(dx, dg, db, dy);
    hipMemcpy(y, dy, TOKENS * D * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(dx); hipFree(dg); hipFree(db); hipFree(dy);
}
