// Multi-head self-attention, tensors (B, S, H, D). A workgroup computes one query of one head: scores into
// the LDS, softmax over them, then the weighted sum of V with a thread per channel.
// shapes: 1_64_12_64 1_128_12_64 1_197_12_64
#include <hip/hip_runtime.h>
#include <math.h>

#define B 1
#define S 128
#define H 12
#define D 64

#define NTHREADS 64

__device__ float wave_max(float v)
{
    for (int i = 32; i >= 1; i /= 2)
        v = fmaxf(v, __shfl_xor(v, i));
    return v;
}

__device__ float wave_sum(float v)
{
    for (int i = 32; i >= 1; i /= 2)
        v += __shfl_xor(v, i);
    return v;
}

// A workgroup is one wavefront, so the shuffles reduce over all of it.
__global__ void attention_row(const float* Q, const float* K, const float* V, float* Out, float scale)
{
    __shared__ float q[D];
    __shared__ float p[S];

    const int s = blockIdx.x;
    const int h = blockIdx.y;
    const int b = blockIdx.z;
    const int t = threadIdx.x;
    const int token = H * D;               // floats from a token to the next
    const int base = b * S * token + h * D;  // first token of this head

    for (int d = t; d < D; d += NTHREADS)
        q[d] = Q[base + s * token + d] * scale;
    __syncthreads();

    float m = -INFINITY;
    for (int j = t; j < S; j += NTHREADS) {
        float dot = 0.0f;
        for (int d = 0; d < D; ++d)
            dot += q[d] * K[base + j * token + d];
        p[j] = dot;
        m = fmaxf(m, dot);
    }
    m = wave_max(m);

    float sum = 0.0f;
    for (int j = t; j < S; j += NTHREADS) {
        p[j] = expf(p[j] - m);
        sum += p[j];
    }
    sum = wave_sum(sum);
    __syncthreads();

    for (int d = t; d < D; d += NTHREADS) {
        float o = 0.0f;
        for (int j = 0; j < S; ++j)
            o += p[j] * V[base + j * token + d];
        Out[base + s * token + d] = o / sum;
    }
}

extern "C" void mha(const float* Q, const float* K, const float* V, float* Out)
{
    const size_t bytes = B * S * H * D * sizeof(float);
    float *dQ, *dK, *dV, *dOut;
    hipMalloc(&dQ, bytes);
    hipMalloc(&dK, bytes);
    hipMalloc(&dV, bytes);
    hipMalloc(&dOut, bytes);
    hipMemcpy(dQ, Q, bytes, hipMemcpyHostToDevice);
    hipMemcpy(dK, K, bytes, hipMemcpyHostToDevice);
    hipMemcpy(dV, V, bytes, hipMemcpyHostToDevice);

    hipLaunchKernelGGL(attention_row, dim3(S, H, B), dim3(NTHREADS), 0, 0, dQ, dK, dV, dOut, 1.0f / sqrtf((float)D));

    hipMemcpy(Out, dOut, bytes, hipMemcpyDeviceToHost);
    hipFree(dQ);
    hipFree(dK);
    hipFree(dV);
    hipFree(dOut);
}
