// Depthwise convolution for images with few channels (RGB): 16 x 16 output pixels per workgroup, the input tile
// with its apron in the LDS, all channels of a pixel in one thread.
// shapes: 6_3_3 128_3_3 192_3_3 256_3_3
#include <hip/hip_runtime.h>

#include <iostream>

constexpr int H = 128;
constexpr int K = 3;
constexpr int C = 3;

constexpr int OUT = H - K + 1;
constexpr int TILE = 16;
constexpr int SPAN = TILE + K - 1;

__global__ void depthwise_tile(const float* in, const float* weights, float* out)
{
    __shared__ float tile[SPAN][SPAN * C];

    const int x0 = blockIdx.x * TILE;
    const int y0 = blockIdx.y * TILE;
    for (int y = threadIdx.y; y < SPAN; y += TILE) {
        for (int x = threadIdx.x; x < SPAN; x += TILE) {
            const bool inside = y0 + y < H && x0 + x < H;
            for (int c = 0; c < C; ++c)
                tile[y][x * C + c] = inside ? in[((y0 + y) * H + x0 + x) * C + c] : 0.0f;
        }
    }
    __syncthreads();

    const int ox = x0 + threadIdx.x;
    const int oy = y0 + threadIdx.y;
    if (ox >= OUT || oy >= OUT)
        return;
    for (int c = 0; c < C; ++c) {
        float sum = 0.0f;
        for (int i = 0; i < K; ++i)
            for (int j = 0; j < K; ++j)
                sum += tile[threadIdx.y + i][(threadIdx.x + j) * C + c] * weights[(i * K + j) * C + c];
        out[(oy * OUT + ox) * C + c] = sum;
    }
}

extern "C" void depthwiseconv(const float* in, const float* weights, float* out)
{
    float *in_d, *weights_d, *out_d;
    hipMalloc(&in_d, H * H * C * sizeof(float));
    hipMalloc(&weights_d, K * K * C * sizeof(float));
    hipMalloc(&out_d, OUT * OUT * C * sizeof(float));
    hipMemcpy(in_d, in, H * H * C * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(weights_d, weights, K * K * C * sizeof(float), hipMemcpyHostToDevice);

    constexpr int tiles = (OUT + TILE - 1) / TILE;
    hipLaunchKernelGGL(depthwise_tile, dim3(tiles, tiles), dim3(TILE, TILE), 0, hipStreamDefault, in_d, weights_d, out_d);
    if (hipError_t err = hipGetLastError(); err != hipSuccess)
        std::cerr << "depthwise_tile: " << hipGetErrorString(err) << '\n';

    hipMemcpy(out, out_d, OUT * OUT * C * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(in_d);
    hipFree(weights_d);
    hipFree(out_d);
}
