// Unfused multi-head attention in three kernels: scores = Q K^T / sqrt(D), softmax of their rows, output = P V.
// The scores of all heads live in global memory.
// shapes: 1_128_12_64
#include <cuda_runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define B 1
#define S 128
#define H 12
#define D 64

#define TX 16
#define TY 16
#define CEIL_DIV(a, b) (((a) + (b) - 1) / (b))

#define cudaCheck(err) (cuda_check(err, __FILE__, __LINE__))
static void cuda_check(cudaError_t error, const char *file, int line)
{
    if (error != cudaSuccess) {
        printf("[CUDA ERROR] at file %s:%d: %s\n", file, line, cudaGetErrorString(error));
        exit(EXIT_FAILURE);
    }
}

__global__ void qk_kernel(float *scores, const float *q, const float *k)
{
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    int i = blockIdx.y * blockDim.y + threadIdx.y;
    int b = blockIdx.z / H;
    int h = blockIdx.z % H;
    if (i >= S || j >= S) return;

    const float *qi = q + ((b * S + i) * H + h) * D;
    const float *kj = k + ((b * S + j) * H + h) * D;
    float val = 0.0f;
    for (int d = 0; d < D; d++)
        val += qi[d] * kj[d];
    scores[(blockIdx.z * S + i) * S + j] = val * rsqrtf((float)D);
}

__global__ void softmax_rows_kernel(float *scores, int rows)
{
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;

    float *p = scores + row * S;
    float maxval = -INFINITY;
    for (int j = 0; j < S; j++) {
        if (p[j] > maxval) maxval = p[j];
    }
    float sum = 0.0f;
    for (int j = 0; j < S; j++) {
        p[j] = expf(p[j] - maxval);
        sum += p[j];
    }
    float inv = 1.0f / sum;
    for (int j = 0; j < S; j++)
        p[j] *= inv;
}

__global__ void pv_kernel(float *out, const float *p, const float *v)
{
    int d = threadIdx.x;
    int i = blockIdx.x;
    int h = blockIdx.y;
    int b = blockIdx.z;

    const float *pi = p + ((b * H + h) * S + i) * S;
    float val = 0.0f;
    for (int j = 0; j < S; j++)
        val += pi[j] * v[((b * S + j) * H + h) * D + d];
    out[((b * S + i) * H + h) * D + d] = val;
}

extern "C" void mha(const float *q, const float *k, const float *v, float *out)
{
    size_t bytes = B * S * H * D * sizeof(float);
    float *d_q, *d_k, *d_v, *d_out, *d_scores;
    cudaCheck(cudaMalloc((void **)&d_q, bytes));
    cudaCheck(cudaMalloc((void **)&d_k, bytes));
    cudaCheck(cudaMalloc((void **)&d_v, bytes));
    cudaCheck(cudaMalloc((void **)&d_out, bytes));
    cudaCheck(cudaMalloc((void **)&d_scores, B * H * S * S * sizeof(float)));
    cudaCheck(cudaMemcpy(d_q, q, bytes, cudaMemcpyHostToDevice));
    cudaCheck(cudaMemcpy(d_k, k, bytes, cudaMemcpyHostToDevice));
    cudaCheck(cudaMemcpy(d_v, v, bytes, cudaMemcpyHostToDevice));

    qk_kernel<<<dim3(CEIL_DIV(S, TX), CEIL_DIV(S, TY), B * H), dim3(TX, TY)>>>(d_scores, d_q, d_k);
    softmax_rows_kernel<<<CEIL_DIV(B * H * S, 128), 128>>>(d_scores, B * H * S);
    pv_kernel<<<dim3(S, H, B), D>>>(d_out, d_scores, d_v);
    cudaCheck(cudaGetLastError());

    cudaCheck(cudaMemcpy(out, d_out, bytes, cudaMemcpyDeviceToHost));
    cudaCheck(cudaFree(d_q));
    cudaCheck(cudaFree(d_k));
    cudaCheck(cudaFree(d_v));
    cudaCheck(cudaFree(d_out));
    cudaCheck(cudaFree(d_scores));
}
