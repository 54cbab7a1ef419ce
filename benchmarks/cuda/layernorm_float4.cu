// LayerNorm of rows of 128: one warp holds a row as one float4 per lane. Sum and sum of squares travel together through
// the same shuffles, packed in a float2.
// shapes: 1_4_128
#include <cuda_runtime.h>

#define B 1
#define L 4
#define D 128

#define FULL_MASK 0xffffffffu
#define FLOAT4(p) (*reinterpret_cast<float4 *>(&(p)))
#define CFLOAT4(p) (*reinterpret_cast<const float4 *>(&(p)))

static_assert(D == 4 * 32, "a row is one float4 per lane");

__global__ void layer_norm_f32x4(const float *x, float *y, const float *g, const float *b)
{
    const int lane = threadIdx.x;
    const int idx = blockIdx.x * D + lane * 4;

    float4 r = CFLOAT4(x[idx]);
    float2 s;
    s.x = r.x + r.y + r.z + r.w;
    s.y = r.x * r.x + r.y * r.y + r.z * r.z + r.w * r.w;
    for (int m = 16; m >= 1; m >>= 1) {
        s.x += __shfl_xor_sync(FULL_MASK, s.x, m);
        s.y += __shfl_xor_sync(FULL_MASK, s.y, m);
    }
    const float mean = s.x / D;
    const float inv = rsqrtf(s.y / D - mean * mean + 1e-5f);

    const float4 gg = CFLOAT4(g[lane * 4]);
    const float4 bb = CFLOAT4(b[lane * 4]);
    float4 o;
    o.x = (r.x - mean) * inv * gg.x + bb.x;
    o.y = (r.y - mean) * inv * gg.y + bb.y;
    o.z = (r.z - mean) * inv * gg.z + bb.z;
    o.w = (r.w - mean) * inv * gg.w + bb.w;
    FLOAT4(y[idx]) = o;
}

extern "C" void layernorm(const float *x, const float *g, const float *b, float *y)
{
    float *dx, *dg, *db, *dy;
    cudaMalloc(&dx, B * L * D * sizeof(float));
    cudaMalloc(&dg, D * sizeof(float));
    cudaMalloc(&db, D * sizeof(float));
    cudaMalloc(&dy, B * L * D * sizeof(float));
    cudaMemcpy(dx, x, B * L * D * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(dg, g, D * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(db, b, D * sizeof(float), cudaMemcpyHostToDevice);

    layer_norm_f32x4<<<B * L, 32>>>(dx, dy, dg, db);

    cudaMemcpy(y, dy, B * L * D * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dg);
    cudaFree(db);
    cudaFree(dy);
}
