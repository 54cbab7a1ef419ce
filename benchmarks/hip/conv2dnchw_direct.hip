// Direct convolution, NCHW input, OIHW filters, no padding, any stride. Flat index over N x O x OH x OW.
// shapes: 16_64_8_8_128_64_2_2_2_0 16_64_8_8_128_64_2_2_3_0 32_128_8_8_64_128_2_2_3_0
#include <hip/hip_runtime.h>

constexpr int N = 16;
constexpr int C = 64;
constexpr int H = 8;
constexpr int W = 8;
constexpr int O = 128;
constexpr int KH = 2;
constexpr int KW = 2;
constexpr int STRIDE = 2;
constexpr int OH = (H - KH) / STRIDE + 1;
constexpr int OW = (W - KW) / STRIDE + 1;
constexpr int TOTAL = N * O * OH * OW;

__global__ void conv_nchw(const float* __restrict__ data, const float* __restrict__ weight, float* __restrict__ out)
{
    const int tid = blockIdx.x * blockDim.x + threadIdx.x;
    if (tid >= TOTAL)
        return;

    int rest = tid;
    const int ow = rest % OW;
    rest /= OW;
    const int oh = rest % OH;
    rest /= OH;
    const int o = rest % O;
    const int n = rest / O;

    const float* window = data + n * C * H * W + oh * STRIDE * W + ow * STRIDE;
    const float* filter = weight + o * C * KH * KW;
    float sum = 0.0f;
    for (int c = 0; c < C; ++c) {
        for (int i = 0; i < KH; ++i) {
            for (int j = 0; j < KW; ++j)
                sum += window[i * W + j] * filter[i * KW + j];
        }
        window += H * W;
        filter += KH * KW;
    }
    out[tid] = sum;
}

extern "C" void conv2dnchw(const float* data, const float* weight, float* out)
{
    float *d_data, *d_weight, *d_out;
    hipMalloc(&d_data, N * C * H * W * sizeof(float));
    hipMalloc(&d_weight, O * C * KH * KW * sizeof(float));
    hipMalloc(&d_out, TOTAL * sizeof(float));
    hipMemcpy(d_data, data, N * C * H * W * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(d_weight, weight, O * C * KH * KW * sizeof(float), hipMemcpyHostToDevice);

    const int threads = 256;
    conv_nchw<<<(TOTAL + threads - 1) / threads, threads>>>(d_data, d_weight, d_out);
    hipDeviceSynchronize();

    hipMemcpy(out, d_out, TOTAL * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(d_data);
    hipFree(d_weight);
    hipFree(d_out);
}
