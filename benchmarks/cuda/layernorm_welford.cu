// LayerNorm with Welford's running mean and variance: one thread per row, one pass for the statistics.
// shapes: 2_8_32
#include <cuda_runtime.h>

#define B 2
#define L 8
#define D 32

#define ROWS (B * L)

struct WelfordData {
    float mean;
    float m2;
    int n;
};

__device__ __forceinline__ void welford_update(WelfordData& w, float x)
{
    w.n += 1;
    const float delta = x - w.mean;
    w.mean += delta / w.n;
    w.m2 += delta * (x - w.mean);
}

__global__ void layer_norm_rows(const float* x, const float* weight, const float* bias, float* y, int rows)
{
    const int r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= rows)
        return;

    WelfordData w = {0.f, 0.f, 0};
    for (int i = 0; i < D; ++i)
        welford_update(w, x[r * D + i]);

    const float rstd = rsqrtf(w.m2 / D + 1e-5f);
    for (int i = 0; i < D; ++i)
        y[r * D + i] = (x[r * D + i] - w.mean) * rstd * weight[i] + bias[i];
}

extern "C" void layernorm(const float* x, const float* weight, const float* bias, float* y)
{
    float *dx, *dw, *db, *dy;
    cudaMalloc(&dx, ROWS * D * sizeof(float));
    cudaMalloc(&dw, D * sizeof(float));
    cudaMalloc(&db, D * sizeof(float));
    cudaMalloc(&dy, ROWS * D * sizeof(float));
    cudaMemcpy(dx, x, ROWS * D * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(dw, weight, D * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(db, bias, D * sizeof(float), cudaMemcpyHostToDevice);
    layer_norm_rows<<<(ROWS + 31) / 32, 32>>>(dx, dw, db, dy, ROWS);
    cudaMemcpy(y, dy, ROWS * D * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dw);
    cudaFree(db);
    cudaFree(dy);
}
