// Min pooling over NHWC data. A workgroup of (64, 4) threads: 64 channels of four neighbouring output columns.
// shapes: 1_5_5_64_5_5_1_1 4_8_8_64_3_3_2_2 16_64_64_64_5_5_2_2 4_35_35_192_5_5_2_2
#include <hip/hip_runtime.h>

#include <cfloat>

constexpr int N = 4;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 64;
constexpr int K = 3;
constexpr int S = 2;
constexpr int OH = (H - K) / S + 1;
constexpr int OW = (W - K) / S + 1;

constexpr int BLOCK_C = 64;
constexpr int BLOCK_W = 4;

__device__ inline int offset(int n, int h, int w, int c, int height, int width)
{
    return c + C * (w + width * (h + height * n));
}

__global__ void min_pool(const float* __restrict__ in, float* __restrict__ out)
{
    const int ow = blockIdx.x * BLOCK_W + threadIdx.y;
    const int oh = blockIdx.y;
    const int n = blockIdx.z / (C / BLOCK_C);
    const int c = blockIdx.z % (C / BLOCK_C) * BLOCK_C + threadIdx.x;
    if (ow >= OW)
        return;

    float least = FLT_MAX;
    for (int kh = 0; kh < K; ++kh)
        for (int kw = 0; kw < K; ++kw)
            least = fminf(least, in[offset(n, oh * S + kh, ow * S + kw, c, H, W)]);
    out[offset(n, oh, ow, c, OH, OW)] = least;
}

extern "C" void minpool(const float* in, float* out)
{
    float *d_in, *d_out;
    hipMalloc(&d_in, sizeof(float) * N * H * W * C);
    hipMalloc(&d_out, sizeof(float) * N * OH * OW * C);
    hipMemcpy(d_in, in, sizeof(float) * N * H * W * C, hipMemcpyHostToDevice);

    const dim3 block(BLOCK_C, BLOCK_W);
    const dim3 grid((OW + BLOCK_W - 1) / BLOCK_W, OH, N * (C / BLOCK_C));
    hipLaunchKernelGGL(min_pool, grid, block, 0, 0, d_in, d_out);

    hipMemcpy(out, d_out, sizeof(float) * N * OH * OW * C, hipMemcpyDeviceToHost);
    hipFree(d_in);
    hipFree(d_out);
}
