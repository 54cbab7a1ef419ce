// Multi-scale deformable attention with a workgroup per query and head. Threads are the channels of the head;
// locations and weights of the query are shared through the LDS, so each is read from memory once.
// shapes: 1_8_256_200_4_4 1_8_512_200_4_4 4_8_256_200_4_4 4_8_512_200_4_4
#include <hip/hip_runtime.h>

#define N 1
#define HEADS 8
#define D 256
#define QUERIES 200
#define LEVELS 4
#define POINTS 4

#define HEAD_DIM (D / HEADS)
#define SAMPLES (LEVELS * POINTS)
#define TOKENS 13101  // 84x117 + 42x59 + 21x30 + 11x15

__device__ __forceinline__ float texel(const float* map, int y, int x, int height, int width)
{
    const bool inside = y >= 0 && y < height && x >= 0 && x < width;
    return inside ? map[(y * width + x) * D] : 0.0f;
}

__global__ void __launch_bounds__(HEAD_DIM) msda_forward(const float* __restrict__ value,
                                                         const int* __restrict__ shapes,
                                                         const int* __restrict__ starts,
                                                         const float2* __restrict__ locations,
                                                         const float* __restrict__ weights,
                                                         float* __restrict__ out)
{
    __shared__ float2 loc[SAMPLES];
    __shared__ float weight[SAMPLES];

    const int head = blockIdx.x;
    const int query = blockIdx.y;
    const int batch = blockIdx.z;
    const int item = (batch * QUERIES + query) * HEADS + head;

    if (threadIdx.x < SAMPLES) {
        loc[threadIdx.x] = locations[item * SAMPLES + threadIdx.x];
        weight[threadIdx.x] = weights[item * SAMPLES + threadIdx.x];
    }
    __syncthreads();

    float acc = 0.0f;
    for (int level = 0; level < LEVELS; ++level) {
        const int height = shapes[2 * level];
        const int width = shapes[2 * level + 1];
        const float* map = value + (size_t)(batch * TOKENS + starts[level]) * D + head * HEAD_DIM + threadIdx.x;

        for (int p = 0; p < POINTS; ++p) {
            const int s = level * POINTS + p;
            const float x = loc[s].x * width - 0.5f;
            const float y = loc[s].y * height - 0.5f;
            const float fx = floorf(x);
            const float fy = floorf(y);
            const int x0 = (int)fx;
            const int y0 = (int)fy;
            const float ax = x - fx;
            const float ay = y - fy;

            const float top = (1.0f - ax) * texel(map, y0, x0, height, width) +
                              ax * texel(map, y0, x0 + 1, height, width);
            const float bottom = (1.0f - ax) * texel(map, y0 + 1, x0, height, width) +
                                 ax * texel(map, y0 + 1, x0 + 1, height, width);
            acc += weight[s] * ((1.0f - ay) * top + ay * bottom);
        }
    }
    out[item * HEAD_DIM + threadIdx.x] = acc;
}

extern "C" void deformable(const float* value, const int* value_spatial_shapes, const int* level_start_index,
                           const float* sampling_locations, const float* attention_weights, float* output)
{
    const size_t value_bytes = sizeof(float) * N * TOKENS * D;
    const size_t weight_bytes = sizeof(float) * N * QUERIES * HEADS * SAMPLES;
    const size_t output_bytes = sizeof(float) * N * QUERIES * D;

    float *value_d, *weight_d, *output_d;
    float2* loc_d;
    int *shapes_d, *starts_d;
    hipMalloc(&value_d, value_bytes);
    hipMalloc(&loc_d, 2 * weight_bytes);
    hipMalloc(&weight_d, weight_bytes);
    hipMalloc(&output_d, output_bytes);
    hipMalloc(&shapes_d, 2 * LEVELS * sizeof(int));
    hipMalloc(&starts_d, LEVELS * sizeof(int));
    hipMemcpy(value_d, value, value_bytes, hipMemcpyHostToDevice);
    hipMemcpy(loc_d, sampling_locations, 2 * weight_bytes, hipMemcpyHostToDevice);
    hipMemcpy(weight_d, attention_weights, weight_bytes, hipMemcpyHostToDevice);
    hipMemcpy(shapes_d, value_spatial_shapes, 2 * LEVELS * sizeof(int), hipMemcpyHostToDevice);
    hipMemcpy(starts_d, level_start_index, LEVELS * sizeof(int), hipMemcpyHostToDevice);

    msda_forward<<<dim3(HEADS, QUERIES, N), HEAD_DIM>>>(value_d, shapes_d, starts_d, loc_d, weight_d, output_d);
    hipDeviceSynchronize();

    hipMemcpy(output, output_d, output_bytes, hipMemcpyDeviceToHost);
    hipFree(value_d);
    hipFree(loc_d);
    hipFree(weight_d);
    hipFree(output_d);
    hipFree(shapes_d);
    hipFree(starts_d);
}
