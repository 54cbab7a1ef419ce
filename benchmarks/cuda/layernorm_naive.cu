// Layer normalisation as in a first port: a thread per token, three loops over its features.
// shapes: 1_8_128
#include <cuda_runtime.h>
#include <math.h>

#define B 1
#define L 8
#define D 128

__global__ void layernorm_forward_kernel(float* out, const float* inp, const float* weight, const float* bias,
                                         int BL, int C)
{
    int idx = blockIdx.x * blockDim.x + threadIdx.x;
    if (idx < BL) {
        const float* x = inp + idx * C;
        float* o = out + idx * C;

        float m = 0.0f;
        for (int i = 0; i < C; i++) {
            m += x[i];
        }
        m = m / C;

        float v = 0.0f;
        for (int i = 0; i < C; i++) {
            float d = x[i] - m;
            v += d * d;
        }
        v = v / C;

        float s = 1.0f / sqrtf(v + 1e-5f);
        for (int i = 0; i < C; i++) {
            o[i] = s * (x[i] - m) * weight[i] + bias[i];
        }
    }
}

extern "C" void layernorm(const float* inp, const float* weight, const float* bias, float* out)
{
    const int BL = B * L;
    float *d_inp, *d_weight, *d_bias, *d_out;
    cudaMalloc(&d_inp, BL * D * sizeof(float));
    cudaMalloc(&d_weight, D * sizeof(float));
    cudaMalloc(&d_bias, D * sizeof(float));
    cudaMalloc(&d_out, BL * D * sizeof(float));
    cudaMemcpy(d_inp, inp, BL * D * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_weight, weight, D * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_bias, bias, D * sizeof(float), cudaMemcpyHostToDevice);

    const int block_size = 256;
    const int grid_size = (BL + block_size - 1) / block_size;
    layernorm_forward_kernel<<<grid_size, block_size>>>(d_out, d_inp, d_weight, d_bias, BL, D);
    cudaDeviceSynchronize();

    cudaMemcpy(out, d_out, BL * D * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_inp);
    cudaFree(d_weight);
    cudaFree(d_bias);
    cudaFree(d_out);
}
