// Row-wise softmax: one block per row, reductions as a tree in dynamic shared memory.
// shapes: 12_3_128 5_128
#include <cuda_runtime.h>

#include <cfloat>

#define ROWS 5
#define COLS 128
#define NUM_THREADS 64

__global__ void softmax_rows(const float *input, float *output, int cols)
{
    extern __shared__ float sdata[];
    const int tid = threadIdx.x;
    const float *x = input + (size_t)blockIdx.x * cols;
    float *y = output + (size_t)blockIdx.x * cols;

    // row maximum
    float local = -FLT_MAX;
    for (int c = tid; c < cols; c += blockDim.x)
        local = fmaxf(local, x[c]);
    sdata[tid] = local;
    __syncthreads();
    for (int s = blockDim.x / 2; s > 0; s >>= 1) {
        if (tid < s)
            sdata[tid] = fmaxf(sdata[tid], sdata[tid + s]);
        __syncthreads();
    }
    const float row_max = sdata[0];
    __syncthreads();

    // sum of exponentials
    local = 0.0f;
    for (int c = tid; c < cols; c += blockDim.x)
        local += expf(x[c] - row_max);
    sdata[tid] = local;
    __syncthreads();
    for (int s = blockDim.x / 2; s > 0; s >>= 1) {
        if (tid < s)
            sdata[tid] += sdata[tid + s];
        __syncthreads();
    }
    const float inv_sum = 1.0f / sdata[0];

    for (int c = tid; c < cols; c += blockDim.x)
        y[c] = expf(x[c] - row_max) * inv_sum;
}

extern "C" void softmax(const float *input, float *output)
{
    const size_t bytes = sizeof(float) * ROWS * COLS;
    float *d_in, *d_out;
    cudaMalloc((void **)&d_in, bytes);
    cudaMalloc((void **)&d_out, bytes);
    cudaMemcpy(d_in, input, bytes, cudaMemcpyHostToDevice);
    softmax_rows<<<ROWS, NUM_THREADS, NUM_THREADS * sizeof(float)>>>(d_in, d_out, COLS);
    cudaMemcpy(output, d_out, bytes, cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_out);
}
