// Convolution as an implicit GEMM: Y[pixels, O] = X_col[pixels, KH*KW*C] * W[O, KH*KW*C]^T, with X_col never
// stored. 16 x 16 tiles of both operands are gathered into the LDS; the last tile of pixels may be partial.
// shapes: 16_8_8_128_64_2_2_128_3_0 32_8_8_128_64_2_2_128_3_0 32_8_8_64_64_2_2_64_2_0
#include <hip/hip_runtime.h>

static constexpr int N = 16;
static constexpr int H = 8;
static constexpr int W = 8;
static constexpr int C = 128;
static constexpr int O = 64;
static constexpr int KH = 2;
static constexpr int KW = 2;
static constexpr int STRIDE = 3;

static constexpr int OH = (H - KH) / STRIDE + 1;
static constexpr int OW = (W - KW) / STRIDE + 1;
static constexpr int GemmM = N * OH * OW;
static constexpr int GemmN = O;
static constexpr int GemmK = KH * KW * C;
static constexpr int Tile = 16;

// Element (pixel, k) of the matrix that im2col would write.
__device__ __forceinline__ float im2col_at(const float* x, int pixel, int k)
{
    const int n = pixel / (OH * OW);
    const int oh = pixel / OW % OH;
    const int ow = pixel % OW;
    const int kh = k / (KW * C);
    const int kw = k / C % KW;
    const int c = k % C;
    return x[((n * H + oh * STRIDE + kh) * W + ow * STRIDE + kw) * C + c];
}

__global__ void implicit_gemm(const float* __restrict__ x, const float* __restrict__ w, float* __restrict__ y)
{
    __shared__ float lds_x[Tile][Tile + 1];
    __shared__ float lds_w[Tile][Tile + 1];

    const int tx = threadIdx.x, ty = threadIdx.y;
    const int pixel = blockIdx.y * Tile + ty;
    const int o_base = blockIdx.x * Tile;

    float acc = 0.f;
    for (int k0 = 0; k0 < GemmK; k0 += Tile) {
        lds_x[ty][tx] = pixel < GemmM ? im2col_at(x, pixel, k0 + tx) : 0.f;
        lds_w[ty][tx] = w[(o_base + ty) * GemmK + k0 + tx];
        __syncthreads();
        for (int k = 0; k < Tile; ++k)
            acc += lds_x[ty][k] * lds_w[tx][k];
        __syncthreads();
    }
    if (pixel < GemmM)
        y[pixel * GemmN + o_base + tx] = acc;
}

extern "C" void conv2d(const float* x, const float* w, float* y)
{
    float *dx = nullptr, *dw = nullptr, *dy = nullptr;
    hipMalloc(&dx, N * H * W * C * sizeof(float));
    hipMalloc(&dw, GemmN * GemmK * sizeof(float));
    hipMalloc(&dy, GemmM * GemmN * sizeof(float));
    hipMemcpy(dx, x, N * H * W * C * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(dw, w, GemmN * GemmK * sizeof(float), hipMemcpyHostToDevice);

    const dim3 threads(Tile, Tile);
    const dim3 blocks(GemmN / Tile, (GemmM + Tile - 1) / Tile);
    implicit_gemm<<<blocks, threads, 0, 0>>>(dx, dw, dy);

    hipMemcpy(y, dy, GemmM * GemmN * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(dx);
    hipFree(dw);
    hipFree(dy);
}
