// 2-D max pooling on NHWC data with a 3-D grid: x over output columns, y over output rows, z over images.
// A workgroup is 64 channels of one output pixel at a time.
// shapes: 16_64_64_64_5_5_2_2 4_35_35_192_5_5_2_2 4_56_56_128_5_5_2_2 5_112_112_64_3_3_2_2
#include <hip/hip_runtime.h>

constexpr int N = 4;
constexpr int H = 35;
constexpr int W = 35;
constexpr int C = 192;
constexpr int K = 5;
constexpr int S = 2;
constexpr int OH = (H - K) / S + 1;
constexpr int OW = (W - K) / S + 1;

template <int Window, int Stride>
__global__ void __launch_bounds__(64) max_pool(const float* in, float* out)
{
    const int ow = blockIdx.x;
    const int oh = blockIdx.y;
    const int n = blockIdx.z;

    for (int c = threadIdx.x; c < C; c += 64) {
        const float* corner = &in[((n * H + oh * Stride) * W + ow * Stride) * C + c];
        float m = corner[0];
#pragma unroll
        for (int i = 0; i < Window; ++i)
#pragma unroll
            for (int j = 0; j < Window; ++j)
                m = fmaxf(m, corner[(i * W + j) * C]);
        out[((n * OH + oh) * OW + ow) * C + c] = m;
    }
}

extern "C" void maxpool(const float* in, float* out)
{
    constexpr size_t in_bytes = sizeof(float) * N * H * W * C;
    constexpr size_t out_bytes = sizeof(float) * N * OH * OW * C;
    float* d_in = nullptr;
    float* d_out = nullptr;
    if (hipMalloc(&d_in, in_bytes) != hipSuccess) return;
    if (hipMalloc(&d_out, out_bytes) != hipSuccess) return;
    hipMemcpy(d_in, in, in_bytes, hipMemcpyHostToDevice);

    max_pool<K, S><<<dim3(OW, OH, N), 64>>>(d_in, d_out);
    hipDeviceSynchronize();

    hipMemcpy(out, d_out, out_bytes, hipMemcpyDeviceToHost);
    hipFree(d_in);
    hipFree(d_out);
}
