// Min pooling, NHWC: a block per output row of an image stages its K input rows of 16 channels in shared memory, so that
// overlapping windows read global memory once.
// shapes: 16_64_64_64_5_5_2_2 4_56_56_128_5_5_2_2
#include <cuda_runtime.h>

#include <stdio.h>
#include <stdlib.h>

#define CUDA_SAFE_CALL(call)                                                       \
    {                                                                              \
        cudaError_t err = (call);                                                  \
        if (cudaSuccess != err) {                                                  \
            fprintf(stderr, "Cuda error in file '%s' in line %i : %s.\n",          \
                    __FILE__, __LINE__, cudaGetErrorString(err));                  \
            exit(EXIT_FAILURE);                                                    \
        }                                                                          \
    }

#define N 4
#define H 56
#define W 56
#define C 128
#define K 5
#define S 2

#define OUT_H ((H - K) / S + 1)
#define OUT_W ((W - K) / S + 1)
#define CHANNELS 16  // of a block
#define COLUMNS 16   // threads along a row

__global__ void minpool_row_kernel(const float *in, float *out)
{
    __shared__ float rows[K * W * CHANNELS];

    const int c = threadIdx.x;
    const int c0 = blockIdx.x * CHANNELS;
    const int oh = blockIdx.y;
    const int n = blockIdx.z;

    // Rows oh * S .. oh * S + K - 1 follow each other in memory: one run of K * W pixels.
    const float *first = in + ((n * H + oh * S) * W) * C + c0;
    for (int pixel = threadIdx.y; pixel < K * W; pixel += COLUMNS)
        rows[pixel * CHANNELS + c] = first[pixel * C + c];
    __syncthreads();

    for (int ow = threadIdx.y; ow < OUT_W; ow += COLUMNS) {
        float m = rows[ow * S * CHANNELS + c];
        for (int i = 0; i < K; i++)
            for (int j = 0; j < K; j++)
                m = fminf(m, rows[(i * W + ow * S + j) * CHANNELS + c]);
        out[((n * OUT_H + oh) * OUT_W + ow) * C + c0 + c] = m;
    }
}

extern "C" void minpool(const float *in, float *out)
{
    const size_t in_size = (size_t)N * H * W * C * sizeof(float);
    const size_t out_size = (size_t)N * OUT_H * OUT_W * C * sizeof(float);
    float *in_d, *out_d;
    CUDA_SAFE_CALL(cudaMalloc((void **)&in_d, in_size));
    CUDA_SAFE_CALL(cudaMalloc((void **)&out_d, out_size));
    CUDA_SAFE_CALL(cudaMemcpy(in_d, in, in_size, cudaMemcpyHostToDevice));

    minpool_row_kernel<<<dim3(C / CHANNELS, OUT_H, N), dim3(CHANNELS, COLUMNS)>>>(in_d, out_d);
    CUDA_SAFE_CALL(cudaGetLastError());

    CUDA_SAFE_CALL(cudaMemcpy(out, out_d, out_size, cudaMemcpyDeviceToHost));
    CUDA_SAFE_CALL(cudaFree(in_d));
    CUDA_SAFE_CALL(cudaFree(out_d));
}
