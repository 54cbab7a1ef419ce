// Average pooling of NHWC with vector loads: a thread takes four channels of an output pixel, and a grid-stride loop
// walks over all of them.
// shapes: 5_32_32_64_5_5_3_3 4_56_56_128_5_5_2_2 16_112_112_64_5_5_3_3
#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

#define CUDA_CHECK(expr)                                                                    \
    do {                                                                                    \
        cudaError_t rc = (expr);                                                            \
        if (rc != cudaSuccess) {                                                            \
            fprintf(stderr, "[%s:%d] %s: %s\n", __FILE__, __LINE__, #expr, cudaGetErrorString(rc)); \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

constexpr int N = 5;
constexpr int H = 32;
constexpr int W = 32;
constexpr int C = 64;
constexpr int K = 5;
constexpr int S = 3;

constexpr int OUT_H = (H - K) / S + 1;
constexpr int OUT_W = (W - K) / S + 1;
constexpr int C4 = C / 4;
constexpr int ITEMS = N * OUT_H * OUT_W * C4;

static_assert(C % 4 == 0, "channels come in fours");

__global__ void avg_pool_vec4(const float4* src, float4* dst, int items)
{
    const float area = float(K * K);
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < items; i += gridDim.x * blockDim.x) {
        const int c4 = i % C4;
        const int pixel = i / C4;
        const int x = pixel % OUT_W * S;
        const int y = pixel / OUT_W % OUT_H * S;
        const int image = pixel / (OUT_W * OUT_H);

        float4 sum = {0.f, 0.f, 0.f, 0.f};
        for (int dy = 0; dy < K; ++dy) {
            const float4* row = src + ((image * H + y + dy) * W + x) * C4 + c4;
            for (int dx = 0; dx < K; ++dx) {
                const float4 v = row[dx * C4];
                sum.x += v.x;
                sum.y += v.y;
                sum.z += v.z;
                sum.w += v.w;
            }
        }
        dst[i] = make_float4(sum.x / area, sum.y / area, sum.z / area, sum.w / area);
    }
}

extern "C" void avgpool(const float* src, float* dst)
{
    float *src_d, *dst_d;
    CUDA_CHECK(cudaMalloc(&src_d, sizeof(float) * N * H * W * C));
    CUDA_CHECK(cudaMalloc(&dst_d, sizeof(float4) * ITEMS));
    CUDA_CHECK(cudaMemcpy(src_d, src, sizeof(float) * N * H * W * C, cudaMemcpyHostToDevice));

    constexpr int threads = 256;
    constexpr int wanted = (ITEMS + threads - 1) / threads;
    constexpr int blocks = wanted < 512 ? wanted : 512;
    avg_pool_vec4<<<blocks, threads>>>(reinterpret_cast<float4*>(src_d), reinterpret_cast<float4*>(dst_d), ITEMS);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(dst, dst_d, sizeof(float4) * ITEMS, cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(src_d));
    CUDA_CHECK(cudaFree(dst_d));
}
