// Online softmax (Milakov and Gimelshein): maximum and normaliser in one pass over the row. Every thread keeps a pair
// (m, d); pairs are merged within a warp by shuffles and across the warps of the block through shared memory.
// shapes: 5_12_23_128
#include <cuda_runtime.h>

constexpr int ROWS = 1380;
constexpr int COLS = 128;

constexpr int kThreads = 128;
constexpr int kWarps = kThreads / 32;

struct __align__(8) MD {
    float m;  // maximum so far
    float d;  // sum of exp(x - m) so far
};

__device__ __forceinline__ MD merge(MD a, MD b)
{
    const bool a_bigger = a.m > b.m;
    const MD bigger = a_bigger ? a : b;
    const MD smaller = a_bigger ? b : a;
    MD r;
    r.m = bigger.m;
    r.d = bigger.d + smaller.d * __expf(smaller.m - bigger.m);
    return r;
}

__device__ __forceinline__ MD warp_merge(MD v)
{
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) {
        MD other;
        other.m = __shfl_xor_sync(0xffffffffu, v.m, offset);
        other.d = __shfl_xor_sync(0xffffffffu, v.d, offset);
        v = merge(v, other);
    }
    return v;
}

__global__ void online_softmax(const float* __restrict__ x, float* __restrict__ y)
{
    __shared__ MD partial[kWarps];

    x += blockIdx.x * COLS;
    y += blockIdx.x * COLS;

    MD v = {-1e30f, 0.0f};
    for (int i = threadIdx.x; i < COLS; i += kThreads) {
        const MD one = {x[i], 1.0f};
        v = merge(v, one);
    }

    v = warp_merge(v);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
    __syncthreads();

    MD total = partial[0];
#pragma unroll
    for (int w = 1; w < kWarps; ++w) total = merge(total, partial[w]);

    const float scale = __fdividef(1.0f, total.d);
    for (int i = threadIdx.x; i < COLS; i += kThreads) y[i] = __expf(x[i] - total.m) * scale;
}

extern "C" void softmax(const float* x, float* y)
{
    const size_t bytes = sizeof(float) * ROWS * COLS;
    float *x_dev, *y_dev;
    cudaMalloc(&x_dev, bytes);
    cudaMalloc(&y_dev, bytes);
    cudaMemcpy(x_dev, x, bytes, cudaMemcpyHostToDevice);
    online_softmax<<<ROWS, kThreads>>>(x_dev, y_dev);
    cudaMemcpy(y, y_dev, bytes, cudaMemcpyDeviceToHost);
    cudaFree(x_dev);
    cudaFree(y_dev);
}
