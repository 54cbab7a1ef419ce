// RMSNorm without a weight: y = x / sqrt(mean(x^2) + eps). A workgroup per row; the squares are added in the
// wavefronts by shuffles and across them through the LDS.
// shapes: 2048_2048 2048_4096 4096_2048
#include <hip/hip_runtime.h>

constexpr int ROWS = 2048;
constexpr int D = 2048;
constexpr float EPS = 1e-5f;

constexpr int BLOCK = 256;
constexpr int WARP = 64;

__device__ float block_reduce_sum(float v)
{
    __shared__ float shared[BLOCK / WARP];
    __shared__ float result;
    const int lane = threadIdx.x % WARP;
    const int wid = threadIdx.x / WARP;

    for (int offset = WARP / 2; offset > 0; offset /= 2)
        v += __shfl_down(v, offset);
    if (lane == 0)
        shared[wid] = v;
    __syncthreads();

    if (wid == 0) {
        v = lane < BLOCK / WARP ? shared[lane] : 0.0f;
        for (int offset = WARP / 2; offset > 0; offset /= 2)
            v += __shfl_down(v, offset);
        if (lane == 0)
            result = v;
    }
    __syncthreads();
    return result;
}

__global__ void rms_norm(float* __restrict__ out, const float* __restrict__ input)
{
    const float* row = input + (size_t)blockIdx.x * D;
    float* out_row = out + (size_t)blockIdx.x * D;

    float variance = 0.0f;
    for (int i = threadIdx.x; i < D; i += BLOCK) {
        const float x = row[i];
        variance += x * x;
    }
    const float scale = rsqrtf(block_reduce_sum(variance) / D + EPS);

    for (int i = threadIdx.x; i < D; i += BLOCK)
        out_row[i] = row[i] * scale;
}

extern "C" void rmsnorm(const float* input, float* out)
{
    const size_t bytes = (size_t)ROWS * D * sizeof(float);
    float *d_input, *d_out;
    hipMalloc(&d_input, bytes);
    hipMalloc(&d_out, bytes);
    hipMemcpy(d_input, input, bytes, hipMemcpyHostToDevice);

    rms_norm<<<ROWS, BLOCK>>>(d_out, d_input);
    hipDeviceSynchronize();

    hipMemcpy(out, d_out, bytes, hipMemcpyDeviceToHost);
    hipFree(d_input);
    hipFree(d_out);
}
