// Multi-scale deformable attention, forward. A block makes one query: threadIdx.y is the head, and each thread
// gathers four channels of it with one float4 load per corner. Sizes and offsets of the levels are in constant memory.
// shapes: 1_8_256_200_4_4 1_8_512_200_4_4 4_8_256_200_4_4 4_8_512_200_4_4
#include <cuda_runtime.h>

#include <stdio.h>
#include <stdlib.h>

#define gpuErrchk(ans) { gpuAssert((ans), __FILE__, __LINE__); }
inline void gpuAssert(cudaError_t code, const char *file, int line)
{
    if (code != cudaSuccess) {
        fprintf(stderr, "GPUassert: %s %s %d\n", cudaGetErrorString(code), file, line);
        exit(code);
    }
}

#define N 1
#define HEADS 8
#define D 256
#define QUERIES 200
#define LEVELS 4
#define POINTS 4

#define QUADS (D / HEADS / 4)  // float4 per head
#define PIXELS 13101           // 84*117 + 42*59 + 21*30 + 11*15

__constant__ int c_shapes[2 * LEVELS];  // height, width
__constant__ int c_start[LEVELS];

__device__ __forceinline__ void axpy4(float4 &acc, float a, const float4 &x)
{
    acc.x += a * x.x;
    acc.y += a * x.y;
    acc.z += a * x.z;
    acc.w += a * x.w;
}

__global__ void msda_kernel(const float4 *__restrict__ value, const float2 *__restrict__ loc,
                            const float *__restrict__ weights, float4 *__restrict__ out)
{
    const int quad = threadIdx.x;
    const int head = threadIdx.y;
    const int query = blockIdx.x;
    const int batch = blockIdx.y;
    const int row = HEADS * QUADS;  // float4 of a pixel
    const int item = (batch * QUERIES + query) * HEADS + head;

    float4 acc = make_float4(0.f, 0.f, 0.f, 0.f);

    for (int l = 0; l < LEVELS; l++) {
        const int H = c_shapes[2 * l];
        const int W = c_shapes[2 * l + 1];
        const float4 *level = value + (batch * PIXELS + c_start[l]) * row + head * QUADS + quad;

#pragma unroll
        for (int p = 0; p < POINTS; p++) {
            const int s = (item * LEVELS + l) * POINTS + p;
            const float2 xy = loc[s];
            const float x = xy.x * W - 0.5f;
            const float y = xy.y * H - 0.5f;
            const int x0 = __float2int_rd(x);
            const int y0 = __float2int_rd(y);
            const float fx = x - x0;
            const float fy = y - y0;
            const float a = weights[s];

            if (y0 >= 0 && y0 < H) {
                if (x0 >= 0 && x0 < W)
                    axpy4(acc, a * (1.f - fy) * (1.f - fx), level[(y0 * W + x0) * row]);
                if (x0 + 1 >= 0 && x0 + 1 < W)
                    axpy4(acc, a * (1.f - fy) * fx, level[(y0 * W + x0 + 1) * row]);
            }
            if (y0 + 1 >= 0 && y0 + 1 < H) {
                if (x0 >= 0 && x0 < W)
                    axpy4(acc, a * fy * (1.f - fx), level[((y0 + 1) * W + x0) * row]);
                if (x0 + 1 >= 0 && x0 + 1 < W)
                    axpy4(acc, a * fy * fx, level[((y0 + 1) * W + x0 + 1) * row]);
            }
        }
    }
    out[item * QUADS + quad] = acc;
}

extern "C" void deformable(const float *value, const int *value_spatial_shapes, const int *level_start_index,
                           const float *sampling_locations, const float *attention_weights, float *output)
{
    const size_t n_value = (size_t)N * PIXELS * D;
    const size_t n_samples = (size_t)N * QUERIES * HEADS * LEVELS * POINTS;
    const size_t n_output = (size_t)N * QUERIES * D;

    float *d_value, *d_loc, *d_weights, *d_output;
    gpuErrchk(cudaMalloc(&d_value, n_value * sizeof(float)));
    gpuErrchk(cudaMalloc(&d_loc, 2 * n_samples * sizeof(float)));
    gpuErrchk(cudaMalloc(&d_weights, n_samples * sizeof(float)));
    gpuErrchk(cudaMalloc(&d_output, n_output * sizeof(float)));
    gpuErrchk(cudaMemcpy(d_value, value, n_value * sizeof(float), cudaMemcpyHostToDevice));
    gpuErrchk(cudaMemcpy(d_loc, sampling_locations, 2 * n_samples * sizeof(float), cudaMemcpyHostToDevice));
    gpuErrchk(cudaMemcpy(d_weights, attention_weights, n_samples * sizeof(float), cudaMemcpyHostToDevice));
    gpuErrchk(cudaMemcpyToSymbol(c_shapes, value_spatial_shapes, 2 * LEVELS * sizeof(int)));
    gpuErrchk(cudaMemcpyToSymbol(c_start, level_start_index, LEVELS * sizeof(int)));

    dim3 block(QUADS, HEADS);
    dim3 grid(QUERIES, N);
    msda_kernel<<<grid, block>>>((const float4 *)d_value, (const float2 *)d_loc, d_weights, (float4 *)d_output);
    gpuErrchk(cudaPeekAtLastError());
    gpuErrchk(cudaDeviceSynchronize());

    gpuErrchk(cudaMemcpy(output, d_output, n_output * sizeof(float), cudaMemcpyDeviceToHost));
    gpuErrchk(cudaFree(d_value));
    gpuErrchk(cudaFree(d_loc));
    gpuErrchk(cudaFree(d_weights));
    gpuErrchk(cudaFree(d_output));
}
