// Half-precision inputs on the vector ALUs, for cards without matrix cores: products are taken in float.
// Each thread owns two neighbouring columns of C and reads B as __half2.
// shapes: 32_32_1024
#include <hip/hip_runtime.h>
#include <hip/hip_fp16.h>

#define M 32
#define K 32
#define N 1024
#define BLOCK_X 64
#define BLOCK_Y 4

__global__ void hgemm_half2(const __half* A, const __half* B, float* C)
{
    const int n = 2 * (blockIdx.x * blockDim.x + threadIdx.x);
    const int m = blockIdx.y * blockDim.y + threadIdx.y;
    if (m >= M || n >= N) {
        return;
    }

    float left = 0.0f;
    float right = 0.0f;
    for (int k = 0; k < K; k++) {
        const float a = __half2float(A[m * K + k]);
        const float2 b = __half22float2(*reinterpret_cast<const __half2*>(B + k * N + n));
        left += a * b.x;
        right += a * b.y;
    }
    *reinterpret_cast<float2*>(C + m * N + n) = make_float2(left, right);
}

extern "C" void gemm(const __half* A, const __half* B, float* C)
{
    __half* devA;
    __half* devB;
    float* devC;
    hipMalloc((void**)&devA, M * K * sizeof(__half));
    hipMalloc((void**)&devB, K * N * sizeof(__half));
    hipMalloc((void**)&devC, M * N * sizeof(float));

    hipMemcpy(devA, A, M * K * sizeof(__half), hipMemcpyHostToDevice);
    hipMemcpy(devB, B, K * N * sizeof(__half), hipMemcpyHostToDevice);

    const dim3 block(BLOCK_X, BLOCK_Y);
    const dim3 grid(N / 2 / BLOCK_X, M / BLOCK_Y);
    hgemm_half2<<<grid, block>>>(devA, devB, devC);

    hipMemcpy(C, devC, M * N * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(devA);
    hipFree(devB);
    hipFree(devC);
}
