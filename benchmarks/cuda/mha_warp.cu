// Attention with one warp per query: the lanes split the head dimension, a key's score is a shuffle reduction, and an
// online softmax updates the output in registers, so no score is ever stored. Four queries per block.
// shapes: 1_64_12_64 4_64_4_32
#include <cuda_runtime.h>

constexpr int B = 1;
constexpr int S = 64;
constexpr int H = 12;
constexpr int D = 64;

constexpr int kWarp = 32;
constexpr int kQueriesPerBlock = 4;
constexpr int kPerLane = D / kWarp;

__device__ __forceinline__ float warp_sum(float v)
{
    for (int lane_mask = kWarp / 2; lane_mask > 0; lane_mask >>= 1) v += __shfl_xor_sync(~0u, v, lane_mask);
    return v;
}

__global__ void attention_warp(const float* __restrict__ query, const float* __restrict__ key,
                               const float* __restrict__ value, float* __restrict__ output, int seq_len)
{
    const int lane = threadIdx.x;
    const int s = blockIdx.x * kQueriesPerBlock + threadIdx.y;
    const int h = blockIdx.y;
    const int b = blockIdx.z;
    if (s >= seq_len) return;

    const int head_offset = (b * seq_len * H + h) * D;
    const float scale = rsqrtf(static_cast<float>(D));

    float q[kPerLane], o[kPerLane];
#pragma unroll
    for (int i = 0; i < kPerLane; ++i) {
        q[i] = query[head_offset + s * H * D + i * kWarp + lane] * scale;
        o[i] = 0.0f;
    }

    float running_max = -1e20f;
    float running_sum = 0.0f;
    for (int t = 0; t < seq_len; ++t) {
        const int kv = head_offset + t * H * D + lane;
        float partial = 0.0f;
#pragma unroll
        for (int i = 0; i < kPerLane; ++i) partial += q[i] * key[kv + i * kWarp];
        const float score = warp_sum(partial);

        const float next_max = fmaxf(running_max, score);
        const float rescale = expf(running_max - next_max);
        const float weight = expf(score - next_max);
        running_sum = running_sum * rescale + weight;
#pragma unroll
        for (int i = 0; i < kPerLane; ++i) o[i] = o[i] * rescale + weight * value[kv + i * kWarp];
        running_max = next_max;
    }

#pragma unroll
    for (int i = 0; i < kPerLane; ++i) output[head_offset + s * H * D + i * kWarp + lane] = o[i] / running_sum;
}

extern "C" void mha(const float* query, const float* key, const float* value, float* output)
{
    const size_t n = size_t(B) * S * H * D;
    float *q, *k, *v, *o;
    cudaMalloc(&q, n * sizeof(float));
    cudaMalloc(&k, n * sizeof(float));
    cudaMalloc(&v, n * sizeof(float));
    cudaMalloc(&o, n * sizeof(float));
    cudaMemcpy(q, query, n * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(k, key, n * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(v, value, n * sizeof(float), cudaMemcpyHostToDevice);

    const dim3 block(kWarp, kQueriesPerBlock);
    const dim3 grid((S + kQueriesPerBlock - 1) / kQueriesPerBlock, H, B);
    attention_warp<<<grid, block>>>(q, k, v, o, S);

    cudaMemcpy(output, o, n * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(q);
    cudaFree(k);
    cudaFree(v);
    cudaFree(o);
}
