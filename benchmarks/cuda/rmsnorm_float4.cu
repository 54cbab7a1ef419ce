// RMSNorm of long rows. A block of 512 threads reads its row once, as float4 that stay in registers until the scale is
// known, and writes it once.
// shapes: 2048_8192 4096_8192 8192_8192
#include <cuda_runtime.h>

#define ROWS 2048
#define D 8192

#define BLOCK_SIZE 512
#define VECS (D / 4 / BLOCK_SIZE)

static_assert(D % (4 * BLOCK_SIZE) == 0, "each thread holds the same number of float4");

template <int N_WARPS>
__device__ __forceinline__ float blockAllReduceSum(float val)
{
    static __shared__ float shared[N_WARPS];
    const int lane = threadIdx.x & 31;
    const int wid = threadIdx.x >> 5;

#pragma unroll
    for (int mask = 16; mask > 0; mask >>= 1)
        val += __shfl_xor_sync(0xffffffff, val, mask);
    if (lane == 0)
        shared[wid] = val;
    __syncthreads();

    // Every warp adds the partial sums for itself.
    val = lane < N_WARPS ? shared[lane] : 0.0f;
#pragma unroll
    for (int mask = 16; mask > 0; mask >>= 1)
        val += __shfl_xor_sync(0xffffffff, val, mask);
    return val;
}

__global__ __launch_bounds__(BLOCK_SIZE) void rmsnorm_vec4(float4 *__restrict__ y, const float4 *__restrict__ x, float eps)
{
    const size_t row = (size_t)blockIdx.x * (D / 4);
    float4 v[VECS];
    float ss = 0.0f;

#pragma unroll
    for (int i = 0; i < VECS; i++) {
        v[i] = x[row + i * BLOCK_SIZE + threadIdx.x];
        ss += v[i].x * v[i].x + v[i].y * v[i].y + v[i].z * v[i].z + v[i].w * v[i].w;
    }
    ss = blockAllReduceSum<BLOCK_SIZE / 32>(ss);
    const float scale = rsqrtf(ss * (1.0f / D) + eps);

#pragma unroll
    for (int i = 0; i < VECS; i++) {
        v[i].x *= scale;
        v[i].y *= scale;
        v[i].z *= scale;
        v[i].w *= scale;
        y[row + i * BLOCK_SIZE + threadIdx.x] = v[i];
    }
}

extern "C" void rmsnorm(const float *x, float *y)
{
    const size_t bytes = (size_t)ROWS * D * sizeof(float);
    float4 *x_dev, *y_dev;
    cudaMalloc(&x_dev, bytes);
    cudaMalloc(&y_dev, bytes);
    cudaMemcpy(x_dev, x, bytes, cudaMemcpyHostToDevice);

    rmsnorm_vec4<<<ROWS, BLOCK_SIZE>>>(y_dev, x_dev, 1e-5f);
    cudaDeviceSynchronize();

    cudaMemcpy(y, y_dev, bytes, cudaMemcpyDeviceToHost);
    cudaFree(x_dev);
    cudaFree(y_dev);
}
