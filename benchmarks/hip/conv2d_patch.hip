// Convolution (NHWC x OHWI -> NHWO) with the receptive field in the LDS: a workgroup copies the KH x KW x C
// patch of one output pixel, then each thread takes the dot product with the filter of one output channel,
// reading both as float4.
// shapes: 16_8_8_128_64_2_2_128_2_0 32_8_8_128_64_2_2_128_2_0
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CHECK(cmd)                                                                                    \
    {                                                                                                 \
        hipError_t error = cmd;                                                                       \
        if (error != hipSuccess) {                                                                    \
            fprintf(stderr, "error: '%s'(%d) at %s:%d\n", hipGetErrorString(error), error, __FILE__,  \
                    __LINE__);                                                                        \
            exit(EXIT_FAILURE);                                                                       \
        }                                                                                             \
    }

constexpr int N = 16;
constexpr int H = 8;
constexpr int W = 8;
constexpr int C = 128;
constexpr int O = 64;
constexpr int KH = 2;
constexpr int KW = 2;
constexpr int STRIDE = 2;
constexpr int OH = (H - KH) / STRIDE + 1;
constexpr int OW = (W - KW) / STRIDE + 1;
constexpr int PATCH = KH * KW * C;

static_assert(C % 4 == 0, "channels are read four at a time");

__device__ inline float dot(const float4& a, const float4& b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}

__global__ void __launch_bounds__(O) conv_patch(const float* __restrict__ x, const float* __restrict__ w,
                                                float* __restrict__ y)
{
    __shared__ __align__(16) float patch[PATCH];

    const int ow = blockIdx.x, oh = blockIdx.y, n = blockIdx.z;
    const float* corner = x + ((n * H + oh * STRIDE) * W + ow * STRIDE) * C;

    for (int e = threadIdx.x; e < PATCH; e += O) {
        const int kh = e / (KW * C);
        const int rest = e - kh * KW * C;  // kw and channel are contiguous in x too
        patch[e] = corner[kh * W * C + rest];
    }
    __syncthreads();

    const int o = threadIdx.x;
    const float4* filter = reinterpret_cast<const float4*>(w + o * PATCH);
    const float4* field = reinterpret_cast<const float4*>(patch);
    float sum = 0.0f;
    for (int v = 0; v < PATCH / 4; ++v)
        sum += dot(field[v], filter[v]);
    y[((n * OH + oh) * OW + ow) * O + o] = sum;
}

extern "C" void conv2d(const float* x, const float* w, float* y)
{
    float *x_d, *w_d, *y_d;
    CHECK(hipMalloc(&x_d, sizeof(float) * N * H * W * C));
    CHECK(hipMalloc(&w_d, sizeof(float) * O * PATCH));
    CHECK(hipMalloc(&y_d, sizeof(float) * N * OH * OW * O));
    CHECK(hipMemcpy(x_d, x, sizeof(float) * N * H * W * C, hipMemcpyHostToDevice));
    CHECK(hipMemcpy(w_d, w, sizeof(float) * O * PATCH, hipMemcpyHostToDevice));

    conv_patch<<<dim3(OW, OH, N), O>>>(x_d, w_d, y_d);
    CHECK(hipGetLastError());

    CHECK(hipMemcpy(y, y_d, sizeof(float) * N * OH * OW * O, hipMemcpyDeviceToHost));
    CHECK(hipFree(x_d));
    CHECK(hipFree(w_d));
    CHECK(hipFree(y_d));
}
