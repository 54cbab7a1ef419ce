// c = a + b, several elements per thread. Each block owns a contiguous chunk, which its threads
// cross in steps of the block size so that every step is coalesced.
// shapes: 1_15_64 21_192 4_4_4_64
#include <hip/hip_runtime.h>

constexpr int SIZE = 4032;

constexpr int kBlock = 64;
constexpr int kItemsPerThread = 4;
constexpr int kChunk = kBlock * kItemsPerThread;

template <int Items>
__global__ void add_chunk(const float* a, const float* b, float* c)
{
    const int base = blockIdx.x * blockDim.x * Items + threadIdx.x;
#pragma unroll
    for (int item = 0; item < Items; ++item) {
        const int idx = base + item * blockDim.x;
        if (idx < SIZE) c[idx] = a[idx] + b[idx];
    }
}

extern "C" void add(const float* a, const float* b, float* c)
{
    float *da, *db, *dc;
    hipMalloc(&da, SIZE * sizeof(float));
    hipMalloc(&db, SIZE * sizeof(float));
    hipMalloc(&dc, SIZE * sizeof(float));
    hipMemcpy(da, a, SIZE * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(db, b, SIZE * sizeof(float), hipMemcpyHostToDevice);

    add_chunk<kItemsPerThread><<<(SIZE + kChunk - 1) / kChunk, kBlock>>>(da, db, dc);
    hipDeviceSynchronize();

    hipMemcpy(c, dc, SIZE * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(da);
    hipFree(db);
    hipFree(dc);
}
