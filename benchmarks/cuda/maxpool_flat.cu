// Max pooling, NHWC. One thread per output element, the flat index is taken apart with / and %.
// shapes: 1_5_5_64_5_5_1_1 4_8_8_64_3_3_2_2 5_32_32_64_5_5_3_3
#include <cuda_runtime.h>
#include <float.h>

#define N 4
#define H 8
#define W 8
#define C 64
#define K 3
#define S 2
#define OH ((H - K) / S + 1)
#define OW ((W - K) / S + 1)

__global__ void maxpool_kernel(const float *in, float *out)
{
    int idx = blockIdx.x * blockDim.x + threadIdx.x;
    int total = N * OH * OW * C;
    if (idx >= total) return;

    int c = idx % C;
    int ow = (idx / C) % OW;
    int oh = (idx / (C * OW)) % OH;
    int n = idx / (C * OW * OH);

    float m = -FLT_MAX;
    for (int kh = 0; kh < K; kh++) {
        for (int kw = 0; kw < K; kw++) {
            int ih = oh * S + kh;
            int iw = ow * S + kw;
            float v = in[((n * H + ih) * W + iw) * C + c];
            if (v > m) m = v;
        }
    }
    out[idx] = m;
}

extern "C" void maxpool(const float *in, float *out)
{
    const int in_size = N * H * W * C;
    const int out_size = N * OH * OW * C;
    float *d_in, *d_out;
    cudaMalloc((void **)&d_in, in_size * sizeof(float));
    cudaMalloc((void **)&d_out, out_size * sizeof(float));
    cudaMemcpy(d_in, in, in_size * sizeof(float), cudaMemcpyHostToDevice);

    int block = 256;
    int grid = (out_size + block - 1) / block;
    maxpool_kernel<<<grid, block>>>(d_in, d_out);

    cudaMemcpy(out, d_out, out_size * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_out);
}
