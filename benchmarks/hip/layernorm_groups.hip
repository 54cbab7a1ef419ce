// LayerNorm with cooperative groups: a tile of 64 threads, one wavefront, normalises a row; four tiles per block.
// shapes: 2_4_128
#include <hip/hip_runtime.h>
#include <hip/hip_cooperative_groups.h>

namespace cg = cooperative_groups;

constexpr int B = 2;
constexpr int L = 4;
constexpr int D = 128;

constexpr int ROWS = B * L;
constexpr int TILE = 64;
constexpr int TILES = 4;

template <typename Group>
__device__ float sum_over(const Group& g, float v)
{
    for (int i = g.size() / 2; i > 0; i /= 2)
        v += g.shfl_xor(v, i);
    return v;
}

__global__ void layernorm_cg(const float* x, const float* gamma, const float* beta, float* y)
{
    cg::thread_block block = cg::this_thread_block();
    cg::thread_block_tile<TILE> tile = cg::tiled_partition<TILE>(block);

    const int row = blockIdx.x * TILES + threadIdx.x / TILE;
    if (row >= ROWS)
        return;
    const float* in = x + row * D;

    float s = 0.0f;
    for (int i = tile.thread_rank(); i < D; i += tile.size())
        s += in[i];
    const float mean = sum_over(tile, s) / D;

    s = 0.0f;
    for (int i = tile.thread_rank(); i < D; i += tile.size())
        s += (in[i] - mean) * (in[i] - mean);
    const float inv = rsqrtf(sum_over(tile, s) / D + 1e-5f);

    for (int i = tile.thread_rank(); i < D; i += tile.size())
        y[row * D + i] = (in[i] - mean) * inv * gamma[i] + beta[i];
}

extern "C" void layernorm(const float* x, const float* gamma, const float* beta, float* y)
{
    const size_t bytes = ROWS * D * sizeof(float);
    float *d_x, *d_gamma, *d_beta, *d_y;
    hipMalloc(&d_x, bytes);
    hipMalloc(&d_gamma, D * sizeof(float));
    hipMalloc(&d_beta, D * sizeof(float));
    hipMalloc(&d_y, bytes);
    hipMemcpy(d_x, x, bytes, hipMemcpyHostToDevice);
    hipMemcpy(d_gamma, gamma, D * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(d_beta, beta, D * sizeof(float), hipMemcpyHostToDevice);

    layernorm_cg<<<(ROWS + TILES - 1) / TILES, TILE * TILES>>>(d_x, d_gamma, d_beta, d_y);

    hipMemcpy(y, d_y, bytes, hipMemcpyDeviceToHost);
    hipFree(d_x);
    hipFree(d_gamma);
    hipFree(d_beta);
    hipFree(d_y);
}
