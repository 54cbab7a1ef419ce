// Strided-batched SGEMM. Workgroups of 8 x 32 threads own 32 x 32 tiles; a thread computes four rows of its
// column. The next tiles are fetched into registers while the current ones in the LDS are used.
// shapes: 1_256_256_256 4_256_256_256
#include <hip/hip_runtime.h>

constexpr int B = 1;
constexpr int M = 256;
constexpr int K = 256;
constexpr int N = 256;

constexpr int TILE = 32;
constexpr int ROWS = 8;
constexpr int PER_THREAD = TILE / ROWS;

static_assert(M % TILE == 0 && N % TILE == 0 && K % TILE == 0);

__global__ void __launch_bounds__(TILE * ROWS)
strided_batched_sgemm(const float* __restrict__ A, const float* __restrict__ Bm, float* __restrict__ C,
                      size_t stride_a, size_t stride_b, size_t stride_c)
{
    __shared__ float As[TILE][TILE + 1];
    __shared__ float Bs[TILE][TILE + 1];

    const int tx = threadIdx.x, ty = threadIdx.y;
    const int row0 = blockIdx.y * TILE, col = blockIdx.x * TILE + tx;
    A += blockIdx.z * stride_a;
    Bm += blockIdx.z * stride_b;
    C += blockIdx.z * stride_c;

    float next_a[PER_THREAD], next_b[PER_THREAD];
    float acc[PER_THREAD] = {0.f, 0.f, 0.f, 0.f};

    for (int r = 0; r < PER_THREAD; ++r) {
        next_a[r] = A[(row0 + ty + r * ROWS) * K + tx];
        next_b[r] = Bm[(ty + r * ROWS) * N + col];
    }

    for (int k0 = 0; k0 < K; k0 += TILE) {
        for (int r = 0; r < PER_THREAD; ++r) {
            As[ty + r * ROWS][tx] = next_a[r];
            Bs[ty + r * ROWS][tx] = next_b[r];
        }
        __syncthreads();

        if (k0 + TILE < K) {
            for (int r = 0; r < PER_THREAD; ++r) {
                next_a[r] = A[(row0 + ty + r * ROWS) * K + k0 + TILE + tx];
                next_b[r] = Bm[(k0 + TILE + ty + r * ROWS) * N + col];
            }
        }

        for (int k = 0; k < TILE; ++k) {
            const float b = Bs[k][tx];
            for (int r = 0; r < PER_THREAD; ++r)
                acc[r] += As[ty + r * ROWS][k] * b;
        }
        __syncthreads();
    }

    for (int r = 0; r < PER_THREAD; ++r)
        C[(row0 + ty + r * ROWS) * N + col] = acc[r];
}

extern "C" void bmm(const float* A, const float* Bm, float* C)
{
    float *dA, *dB, *dC;
    hipMalloc(&dA, sizeof(float) * B * M * K);
    hipMalloc(&dB, sizeof(float) * B * K * N);
    hipMalloc(&dC, sizeof(float) * B * M * N);
    hipMemcpy(dA, A, sizeof(float) * B * M * K, hipMemcpyHostToDevice);
    hipMemcpy(dB, Bm, sizeof(float) * B * K * N, hipMemcpyHostToDevice);

    hipLaunchKernelGGL(strided_batched_sgemm, dim3(N / TILE, M / TILE, B), dim3(TILE, ROWS), 0, 0,
                       dA, dB, dC, (size_t)M * K, (size_t)K * N, (size_t)M * N);

    hipMemcpy(C, dC, sizeof(float) * B * M * N, hipMemcpyDeviceToHost);
    hipFree(dA);
    hipFree(dB);
    hipFree(dC);
}
