// RMSNorm that reads each row once: a workgroup keeps its row in registers as float4, reduces the squares by a
// tree in the LDS, and scales what it kept.
// shapes: 2048_8192 4096_4096 4096_8192
#include <hip/hip_runtime.h>

#include <cstdio>
#include <cstdlib>

#define HIP_CHECK(stmt)                                                        \
    do {                                                                       \
        hipError_t err_ = (stmt);                                              \
        if (err_ != hipSuccess) {                                              \
            fprintf(stderr, "%s at %s:%d\n", hipGetErrorString(err_), __FILE__, __LINE__); \
            exit(EXIT_FAILURE);                                                \
        }                                                                      \
    } while (0)

#define ROWS 4096
#define D 4096
#define THREADS 256
#define VECS (D / 4 / THREADS)

__global__ void __launch_bounds__(THREADS) rmsnorm_f4(const float4* __restrict__ x, float4* __restrict__ y, float eps)
{
    __shared__ float partial[THREADS];
    const int t = threadIdx.x;
    x += blockIdx.x * (D / 4);
    y += blockIdx.x * (D / 4);

    float4 kept[VECS];
    float ss = 0.0f;
#pragma unroll
    for (int i = 0; i < VECS; ++i) {
        kept[i] = x[i * THREADS + t];
        ss += kept[i].x * kept[i].x + kept[i].y * kept[i].y + kept[i].z * kept[i].z + kept[i].w * kept[i].w;
    }
    partial[t] = ss;
    __syncthreads();
    for (int s = THREADS / 2; s > 0; s >>= 1) {
        if (t < s) partial[t] += partial[t + s];
        __syncthreads();
    }
    const float inv_rms = rsqrtf(partial[0] * (1.0f / D) + eps);

#pragma unroll
    for (int i = 0; i < VECS; ++i)
        y[i * THREADS + t] = kept[i] * inv_rms;
}

extern "C" void rmsnorm(const float* x, float* y)
{
    const size_t bytes = sizeof(float) * ROWS * D;
    float4 *dx, *dy;
    HIP_CHECK(hipMalloc(&dx, bytes));
    HIP_CHECK(hipMalloc(&dy, bytes));
    HIP_CHECK(hipMemcpy(dx, x, bytes, hipMemcpyHostToDevice));
    rmsnorm_f4<<<dim3(ROWS), dim3(THREADS)>>>(dx, dy, 1e-5f);
    HIP_CHECK(hipGetLastError());
    HIP_CHECK(hipDeviceSynchronize());
    HIP_CHECK(hipMemcpy(y, dy, bytes, hipMemcpyDeviceToHost));
    HIP_CHECK(hipFree(dx));
    HIP_CHECK(hipFree(dy));
}
