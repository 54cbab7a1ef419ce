// 1-D convolution, kernel 3: a thread makes two neighbouring outputs from four inputs in registers. OUT is even, so a
// pair is whole and is stored as one float2; the grid covers the pairs with a stride loop.
// shapes: 126_128 190_192 222_224
#include <cuda_runtime.h>

constexpr int IN = 128;
constexpr int OUT = 126;
constexpr int PAIRS = OUT / 2;

static_assert(OUT % 2 == 0 && IN == OUT + 2, "pairs of outputs of a kernel of three");

__global__ void conv1d_k3_pairs(const float* __restrict__ x, const float* __restrict__ w, float2* __restrict__ y)
{
    const float w0 = __ldg(w), w1 = __ldg(w + 1), w2 = __ldg(w + 2);

    for (int p = blockIdx.x * blockDim.x + threadIdx.x; p < PAIRS; p += gridDim.x * blockDim.x) {
        const float2 lo = *reinterpret_cast<const float2*>(x + 2 * p);
        const float2 hi = *reinterpret_cast<const float2*>(x + 2 * p + 2);
        y[p] = make_float2(w0 * lo.x + w1 * lo.y + w2 * hi.x,
                           w0 * lo.y + w1 * hi.x + w2 * hi.y);
    }
}

extern "C" void conv1d(const float* x, const float* w, float* y)
{
    float *x_gpu, *w_gpu;
    float2* y_gpu;
    cudaMalloc(&x_gpu, sizeof(float) * IN);
    cudaMalloc(&w_gpu, sizeof(float) * 3);
    cudaMalloc(&y_gpu, sizeof(float) * OUT);
    cudaMemcpy(x_gpu, x, sizeof(float) * IN, cudaMemcpyHostToDevice);
    cudaMemcpy(w_gpu, w, sizeof(float) * 3, cudaMemcpyHostToDevice);

    conv1d_k3_pairs<<<2, 32>>>(x_gpu, w_gpu, y_gpu);

    cudaMemcpy(y, y_gpu, sizeof(float) * OUT, cudaMemcpyDeviceToHost);
    cudaFree(x_gpu);
    cudaFree(w_gpu);
    cudaFree(y_gpu);
}
