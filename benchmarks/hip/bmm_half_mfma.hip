// Batched half-precision product with float results on the matrix cores. A workgroup of four wavefronts sits
// on four neighbouring 16 x 16 tiles along N; batch in blockIdx.z.
// shapes: 1_128_256_512 4_128_256_512
#include <hip/hip_runtime.h>
#include <hip/hip_fp16.h>

#define B 1
#define M 128
#define K 256
#define N 512

#define WAVE_SIZE 64
#define WAVES 4
#define MFMA_M 16
#define MFMA_N 16
#define MFMA_K 16

typedef _Float16 half_t;
typedef half_t half4 __attribute__((ext_vector_type(4)));
typedef float float4_t __attribute__((ext_vector_type(4)));

__global__ void bmm_mfma(const half_t* a, const half_t* b, float* c)
{
    const int wave = threadIdx.x / WAVE_SIZE;
    const int lane = threadIdx.x % WAVE_SIZE;
    const int m0 = blockIdx.y * MFMA_M;
    const int n0 = (blockIdx.x * WAVES + wave) * MFMA_N;
    const half_t* a_batch = a + blockIdx.z * M * K;
    const half_t* b_batch = b + blockIdx.z * K * N;
    float* c_batch = c + blockIdx.z * M * N;

    const int minor = lane % 16;
    const int major = lane / 16;

    float4_t d = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int k0 = 0; k0 < K; k0 += MFMA_K) {
        half4 a_frag;
        half4 b_frag;
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int k = k0 + 4 * major + i;
            a_frag[i] = a_batch[(m0 + minor) * K + k];
            b_frag[i] = b_batch[k * N + n0 + minor];
        }
        d = __builtin_amdgcn_mfma_f32_16x16x16f16(a_frag, b_frag, d, 0, 0, 0);
    }

#pragma unroll
    for (int i = 0; i < 4; i++) {
        c_batch[(m0 + 4 * major + i) * N + n0 + minor] = d[i];
    }
}

extern "C" void bmm(const half_t* a, const half_t* b, float* c)
{
    half_t *a_d, *b_d;
    float* c_d;
    hipMalloc((void**)&a_d, B * M * K * sizeof(half_t));
    hipMalloc((void**)&b_d, B * K * N * sizeof(half_t));
    hipMalloc((void**)&c_d, B * M * N * sizeof(float));
    hipMemcpy(a_d, a, B * M * K * sizeof(half_t), hipMemcpyHostToDevice);
    hipMemcpy(b_d, b, B * K * N * sizeof(half_t), hipMemcpyHostToDevice);

    bmm_mfma<<<dim3(N / (WAVES * MFMA_N), M / MFMA_M, B), WAVES * WAVE_SIZE>>>(a_d, b_d, c_d);
    hipDeviceSynchronize();

    hipMemcpy(c, c_d, B * M * N * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(a_d);
    hipFree(b_d);
    hipFree(c_d);
}
