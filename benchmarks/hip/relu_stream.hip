// ReLU on a stream of its own: asynchronous copies around the launch, one synchronisation at the end.
// shapes: 5_12_23_128
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define HIP_CHECK(command)                                              \
    {                                                                   \
        hipError_t status = command;                                    \
        if (status != hipSuccess) {                                     \
            printf("Error: HIP reports %s\n", hipGetErrorString(status)); \
            std::abort();                                               \
        }                                                               \
    }

constexpr int SIZE = 176640;
constexpr int BLOCK = 256;
constexpr int PER_THREAD = 4;

// Consecutive threads read consecutive elements in each of the PER_THREAD rounds.
__global__ __launch_bounds__(BLOCK) void relu_rounds(const float* __restrict__ x, float* __restrict__ y)
{
    const int first = blockIdx.x * BLOCK * PER_THREAD + threadIdx.x;
    for (int r = 0; r < PER_THREAD; ++r) {
        const int i = first + r * BLOCK;
        if (i >= SIZE) break;
        y[i] = fmaxf(x[i], 0.0f);
    }
}

extern "C" void relu(const float* x, float* y)
{
    hipStream_t stream;
    HIP_CHECK(hipStreamCreate(&stream));

    float *d_x, *d_y;
    const size_t bytes = SIZE * sizeof(float);
    HIP_CHECK(hipMalloc(&d_x, bytes));
    HIP_CHECK(hipMalloc(&d_y, bytes));
    HIP_CHECK(hipMemcpyAsync(d_x, x, bytes, hipMemcpyHostToDevice, stream));

    const int blocks = (SIZE + BLOCK * PER_THREAD - 1) / (BLOCK * PER_THREAD);
    relu_rounds<<<blocks, BLOCK, 0, stream>>>(d_x, d_y);
    HIP_CHECK(hipGetLastError());

    HIP_CHECK(hipMemcpyAsync(y, d_y, bytes, hipMemcpyDeviceToHost, stream));
    HIP_CHECK(hipStreamSynchronize(stream));
    HIP_CHECK(hipFree(d_x));
    HIP_CHECK(hipFree(d_y));
    HIP_CHECK(hipStreamDestroy(stream));
}
