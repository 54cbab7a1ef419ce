// 1-D convolution with the input block and its halo in the LDS. Threads past the end of the input load zeros.
// shapes: 222_224 256_258 312_314
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

constexpr int IN = 258;
constexpr int OUT = 256;
constexpr int TAPS = IN - OUT + 1;
constexpr int HALO = TAPS - 1;
constexpr int BLOCK = 128;

#define HIP_CHECK(expression)                                              \
    {                                                                      \
        const hipError_t status = expression;                              \
        if (status != hipSuccess) {                                        \
            fprintf(stderr, "%s\n", hipGetErrorString(status));            \
            exit(EXIT_FAILURE);                                            \
        }                                                                  \
    }

__global__ void convolve(const float* __restrict__ signal, const float* __restrict__ filter,
                         float* __restrict__ result)
{
    __shared__ float tile[BLOCK + HALO];
    const int t = threadIdx.x;
    const int first = blockIdx.x * BLOCK;

    tile[t] = first + t < IN ? signal[first + t] : 0.0f;
    if (t < HALO)
        tile[BLOCK + t] = first + BLOCK + t < IN ? signal[first + BLOCK + t] : 0.0f;
    __syncthreads();

    const int i = first + t;
    if (i < OUT) {
        float acc = 0.0f;
#pragma unroll
        for (int k = 0; k < TAPS; ++k) acc += tile[t + k] * filter[k];
        result[i] = acc;
    }
}

extern "C" void conv1d(const float* signal, const float* filter, float* result)
{
    float *d_signal, *d_filter, *d_result;
    HIP_CHECK(hipMalloc(&d_signal, IN * sizeof(float)));
    HIP_CHECK(hipMalloc(&d_filter, TAPS * sizeof(float)));
    HIP_CHECK(hipMalloc(&d_result, OUT * sizeof(float)));
    HIP_CHECK(hipMemcpy(d_signal, signal, IN * sizeof(float), hipMemcpyHostToDevice));
    HIP_CHECK(hipMemcpy(d_filter, filter, TAPS * sizeof(float), hipMemcpyHostToDevice));

    hipLaunchKernelGGL(convolve, dim3((OUT + BLOCK - 1) / BLOCK), dim3(BLOCK), 0, 0, d_signal, d_filter, d_result);
    HIP_CHECK(hipDeviceSynchronize());

    HIP_CHECK(hipMemcpy(result, d_result, OUT * sizeof(float), hipMemcpyDeviceToHost));
    HIP_CHECK(hipFree(d_signal));
    HIP_CHECK(hipFree(d_filter));
    HIP_CHECK(hipFree(d_result));
}
