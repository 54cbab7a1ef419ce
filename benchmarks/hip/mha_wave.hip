// Self-attention, one wavefront per query: lanes split the head dimension (D / 64 channels each), a score is a
// shuffle reduction, and the output is accumulated online in registers. No LDS at all.
// shapes: 1_128_32_128
#include <hip/hip_runtime.h>

#include <math.h>

constexpr int B = 1;
constexpr int S = 128;
constexpr int H = 32;
constexpr int D = 128;

constexpr int WAVE = 64;
constexpr int WAVES = 4;
constexpr int PER_LANE = D / WAVE;

__device__ __forceinline__ float wave_sum(float x)
{
    for (int m = WAVE / 2; m > 0; m >>= 1) x += __shfl_xor(x, m, WAVE);
    return x;
}

__global__ void mha_wave_kernel(const float* q, const float* k, const float* v, float* o)
{
    const int lane = threadIdx.x;
    const int s = blockIdx.x * WAVES + threadIdx.y;
    const int h = blockIdx.y;
    const int b = blockIdx.z;
    const int head = b * S * H * D + h * D + lane;
    const float scale = 1.0f / sqrtf(static_cast<float>(D));

    float qr[PER_LANE], acc[PER_LANE];
    for (int i = 0; i < PER_LANE; ++i) {
        qr[i] = q[head + s * H * D + i * WAVE];
        acc[i] = 0.0f;
    }

    float m = -INFINITY, l = 0.0f;
    for (int t = 0; t < S; ++t) {
        const int row = head + t * H * D;
        float part = 0.0f;
        for (int i = 0; i < PER_LANE; ++i) part += qr[i] * k[row + i * WAVE];
        const float score = wave_sum(part) * scale;

        const float m_new = fmaxf(m, score);
        const float keep = expf(m - m_new);
        const float p = expf(score - m_new);
        l = l * keep + p;
        for (int i = 0; i < PER_LANE; ++i) acc[i] = acc[i] * keep + p * v[row + i * WAVE];
        m = m_new;
    }

    for (int i = 0; i < PER_LANE; ++i) o[head + s * H * D + i * WAVE] = acc[i] / l;
}

extern "C" void mha(const float* q, const float* k, const float* v, float* o)
{
    constexpr size_t n = size_t(B) * S * H * D;
    float *dq, *dk, *dv, *dout;
    hipMalloc(&dq, n * sizeof(float));
    hipMalloc(&dk, n * sizeof(float));
    hipMalloc(&dv, n * sizeof(float));
    hipMalloc(&dout, n * sizeof(float));
    hipMemcpy(dq, q, n * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(dk, k, n * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(dv, v, n * sizeof(float), hipMemcpyHostToDevice);

    mha_wave_kernel<<<dim3(S / WAVES, H, B), dim3(WAVE, WAVES)>>>(dq, dk, dv, dout);

    hipMemcpy(o, dout, n * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(dq);
    hipFree(dk);
    hipFree(dv);
    hipFree(dout);
}
