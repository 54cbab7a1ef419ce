// NCHW convolution, one wavefront per output element: the 64 lanes share the C x KH x KW products and a shuffle
// butterfly adds them. Good for few outputs with many input channels.
// shapes: 32_64_8_8_128_64_2_2_3_0 32_128_8_8_64_128_2_2_2_0
#include <hip/hip_runtime.h>

constexpr int N = 32;
constexpr int C = 64;
constexpr int H = 8;
constexpr int W = 8;
constexpr int O = 128;
constexpr int KH = 2;
constexpr int KW = 2;
constexpr int STRIDE = 3;
constexpr int OH = (H - KH) / STRIDE + 1;
constexpr int OW = (W - KW) / STRIDE + 1;
constexpr int TAPS = KH * KW;
constexpr int REDUCE = C * TAPS;
constexpr int WAVES = 4;
static_assert(O % WAVES == 0);

__global__ __launch_bounds__(64 * WAVES) void conv_wave(const float* __restrict__ in, const float* __restrict__ filters,
                                                        float* __restrict__ out)
{
    const int lane = threadIdx.x;
    const int o = blockIdx.x * WAVES + threadIdx.y;
    const int oh = blockIdx.y / OW;
    const int ow = blockIdx.y % OW;
    const int n = blockIdx.z;

    float partial = 0.0f;
    for (int r = lane; r < REDUCE; r += 64) {
        const int c = r / TAPS;
        const int kh = r % TAPS / KW;
        const int kw = r % KW;
        partial += in[((n * C + c) * H + oh * STRIDE + kh) * W + ow * STRIDE + kw] * filters[o * REDUCE + r];
    }
#pragma unroll
    for (int m = 1; m < 64; m <<= 1)
        partial += __shfl_xor(partial, m);

    if (lane == 0)
        out[((n * O + o) * OH + oh) * OW + ow] = partial;
}

extern "C" void conv2dnchw(const float* in, const float* filters, float* out)
{
    float *d_in, *d_filters, *d_out;
    hipMalloc(&d_in, sizeof(float) * N * C * H * W);
    hipMalloc(&d_filters, sizeof(float) * O * REDUCE);
    hipMalloc(&d_out, sizeof(float) * N * O * OH * OW);
    hipMemcpy(d_in, in, sizeof(float) * N * C * H * W, hipMemcpyHostToDevice);
    hipMemcpy(d_filters, filters, sizeof(float) * O * REDUCE, hipMemcpyHostToDevice);
    conv_wave<<<dim3(O / WAVES, OH * OW, N), dim3(64, WAVES)>>>(d_in, d_filters, d_out);
    hipDeviceSynchronize();
    hipMemcpy(out, d_out, sizeof(float) * N * O * OH * OW, hipMemcpyDeviceToHost);
    hipFree(d_in);
    hipFree(d_filters);
    hipFree(d_out);
}
