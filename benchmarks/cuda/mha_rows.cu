// Self-attention on tensors (B, S, H, D). A block owns one query row of one head: its S scores stay in
// shared memory, are normalised there, and then weigh the rows of V.
// shapes: 1_64_12_64 1_128_12_64 2_128_8_64 1_256_16_64 1_128_32_128 1_197_12_64 4_64_4_32 1_512_8_64
#include <cuda_runtime.h>
#include <math.h>

#define B 4
#define S 64
#define H 4
#define D 32

#define THREADS 128

// Reductions over a block through one shared array of THREADS floats.
__device__ float block_reduce(float v, float *scratch, bool take_max)
{
    const int t = threadIdx.x;
    scratch[t] = v;
    __syncthreads();
    for (int s = THREADS / 2; s > 0; s >>= 1) {
        if (t < s)
            scratch[t] = take_max ? fmaxf(scratch[t], scratch[t + s]) : scratch[t] + scratch[t + s];
        __syncthreads();
    }
    const float result = scratch[0];
    __syncthreads();
    return result;
}

__global__ void attention_row(const float *Q, const float *K, const float *V, float *O)
{
    __shared__ float q[D];
    __shared__ float p[S];
    __shared__ float scratch[THREADS];

    const int t = threadIdx.x;
    const int query = blockIdx.x;
    const int head = blockIdx.y;
    const int batch = blockIdx.z;
    const int base = batch * S * H * D + head * D;  // token 0 of this head
    const int step = H * D;                         // from a token to the next

    for (int d = t; d < D; d += THREADS)
        q[d] = Q[base + query * step + d];
    __syncthreads();

    float top = -INFINITY;
    for (int j = t; j < S; j += THREADS) {
        const float *k = K + base + j * step;
        float dot = 0.0f;
        for (int d = 0; d < D; d++)
            dot += q[d] * k[d];
        p[j] = dot / sqrtf((float)D);
        top = fmaxf(top, p[j]);
    }
    top = block_reduce(top, scratch, true);

    float sum = 0.0f;
    for (int j = t; j < S; j += THREADS) {
        p[j] = expf(p[j] - top);
        sum += p[j];
    }
    sum = block_reduce(sum, scratch, false);

    for (int d = t; d < D; d += THREADS) {
        float o = 0.0f;
        for (int j = 0; j < S; j++)
            o += p[j] * V[base + j * step + d];
        O[base + query * step + d] = o / sum;
    }
}

extern "C" void mha(const float *Q, const float *K, const float *V, float *O)
{
    const size_t bytes = (size_t)B * S * H * D * sizeof(float);
    float *Q_d, *K_d, *V_d, *O_d;
    cudaMalloc((void **)&Q_d, bytes);
    cudaMalloc((void **)&K_d, bytes);
    cudaMalloc((void **)&V_d, bytes);
    cudaMalloc((void **)&O_d, bytes);
    cudaMemcpy(Q_d, Q, bytes, cudaMemcpyHostToDevice);
    cudaMemcpy(K_d, K, bytes, cudaMemcpyHostToDevice);
    cudaMemcpy(V_d, V, bytes, cudaMemcpyHostToDevice);

    attention_row<<<dim3(S, H, B), THREADS>>>(Q_d, K_d, V_d, O_d);
    cudaDeviceSynchronize();

    cudaMemcpy(O, O_d, bytes, cudaMemcpyDeviceToHost);
    cudaFree(Q_d);
    cudaFree(K_d);
    cudaFree(V_d);
    cudaFree(O_d);
}
