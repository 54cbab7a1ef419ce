// Softmax in two passes over memory. Every lane keeps a running maximum and a running sum that is rescaled
// when the maximum grows; pairs are merged across the 64 lanes of the wavefront that owns the row.
// shapes: 5_12_23_128
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define HIPCHECK(x)                                                        \
    do {                                                                   \
        hipError_t _e = x;                                                 \
        if (_e != hipSuccess) {                                            \
            printf("'%s' at line %d\n", hipGetErrorString(_e), __LINE__);  \
            abort();                                                       \
        }                                                                  \
    } while (0)

constexpr int ROWS = 1380;
constexpr int COLS = 128;

constexpr int WAVE = 64;
constexpr int WAVES_PER_BLOCK = 4;

struct MaxSum {
    float m;  // largest element so far
    float d;  // sum of exp(x - m)
};

__device__ inline MaxSum merge(MaxSum a, MaxSum b)
{
    const float m = fmaxf(a.m, b.m);
    return {m, a.d * expf(a.m - m) + b.d * expf(b.m - m)};
}

__global__ void online_softmax(const float* __restrict__ x, float* __restrict__ y)
{
    const int lane = threadIdx.x & (WAVE - 1);
    const int row = (blockIdx.x * blockDim.x + threadIdx.x) / WAVE;
    if (row >= ROWS) return;
    x += (size_t)row * COLS;
    y += (size_t)row * COLS;

    MaxSum acc = {x[lane], 1.0f};
    for (int c = lane + WAVE; c < COLS; c += WAVE)
        acc = merge(acc, {x[c], 1.0f});

    for (int offset = WAVE / 2; offset > 0; offset /= 2) {
        MaxSum other;
        other.m = __shfl_xor(acc.m, offset);
        other.d = __shfl_xor(acc.d, offset);
        acc = merge(acc, other);
    }

    const float scale = 1.0f / acc.d;
    for (int c = lane; c < COLS; c += WAVE)
        y[c] = expf(x[c] - acc.m) * scale;
}

extern "C" void softmax(const float* x, float* y)
{
    const size_t size = sizeof(float) * ROWS * COLS;
    float *d_x, *d_y;
    HIPCHECK(hipMalloc(&d_x, size));
    HIPCHECK(hipMalloc(&d_y, size));
    HIPCHECK(hipMemcpy(d_x, x, size, hipMemcpyHostToDevice));

    const int blocks = (ROWS + WAVES_PER_BLOCK - 1) / WAVES_PER_BLOCK;
    online_softmax<<<blocks, WAVE * WAVES_PER_BLOCK>>>(d_x, d_y);
    HIPCHECK(hipGetLastError());
    HIPCHECK(hipDeviceSynchronize());

    HIPCHECK(hipMemcpy(y, d_y, size, hipMemcpyDeviceToHost));
    HIPCHECK(hipFree(d_x));
    HIPCHECK(hipFree(d_y));
}
