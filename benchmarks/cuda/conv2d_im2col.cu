// Convolution as im2col and a matrix product, two kernels. im2col writes one row of KH * KW * C values for each output
// pixel; the product with the filters (one filter per row) is a 16 x 16 tiled C = A * B^T with guards.
// shapes: 16_8_8_64_64_2_2_64_2_0 32_8_8_128_64_2_2_128_2_0
#include <cuda_runtime.h>

#define N 16
#define H 8
#define W 8
#define C 64
#define O 64
#define KH 2
#define KW 2
#define STRIDE 2

const int OUT_H = (H - KH) / STRIDE + 1;
const int OUT_W = (W - KW) / STRIDE + 1;
const int PIXELS = N * OUT_H * OUT_W;
const int DEPTH = KH * KW * C;
const int TILE = 16;

__global__ void im2col_kernel(const float *im, float *col)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= PIXELS * DEPTH)
        return;
    int c = i % C;
    int kw = i / C % KW;
    int kh = i / (C * KW) % KH;
    int pixel = i / DEPTH;
    int ow = pixel % OUT_W;
    int oh = pixel / OUT_W % OUT_H;
    int n = pixel / (OUT_W * OUT_H);
    col[i] = im[((n * H + oh * STRIDE + kh) * W + ow * STRIDE + kw) * C + c];
}

__global__ void gemm_nt(const float *A, const float *B, float *out, int m, int n, int k)
{
    __shared__ float As[TILE][TILE];
    __shared__ float Bs[TILE][TILE + 1];

    int row = blockIdx.y * TILE + threadIdx.y;
    int col = blockIdx.x * TILE + threadIdx.x;
    float acc = 0.f;

    for (int t = 0; t < (k + TILE - 1) / TILE; t++) {
        int kk = t * TILE + threadIdx.x;
        As[threadIdx.y][threadIdx.x] = (row < m && kk < k) ? A[row * k + kk] : 0.f;
        int brow = blockIdx.x * TILE + threadIdx.y;
        Bs[threadIdx.y][threadIdx.x] = (brow < n && kk < k) ? B[brow * k + kk] : 0.f;
        __syncthreads();

        for (int i = 0; i < TILE; i++)
            acc += As[threadIdx.y][i] * Bs[threadIdx.x][i];
        __syncthreads();
    }

    if (row < m && col < n)
        out[row * n + col] = acc;
}

extern "C" void conv2d(const float *input, const float *weight, float *output)
{
    float *d_input, *d_weight, *d_col, *d_output;
    cudaMalloc((void **)&d_input, sizeof(float) * N * H * W * C);
    cudaMalloc((void **)&d_weight, sizeof(float) * O * DEPTH);
    cudaMalloc((void **)&d_col, sizeof(float) * PIXELS * DEPTH);
    cudaMalloc((void **)&d_output, sizeof(float) * PIXELS * O);
    cudaMemcpy(d_input, input, sizeof(float) * N * H * W * C, cudaMemcpyHostToDevice);
    cudaMemcpy(d_weight, weight, sizeof(float) * O * DEPTH, cudaMemcpyHostToDevice);

    im2col_kernel<<<(PIXELS * DEPTH + 255) / 256, 256>>>(d_input, d_col);

    dim3 block(TILE, TILE);
    dim3 grid((O + TILE - 1) / TILE, (PIXELS + TILE - 1) / TILE);
    gemm_nt<<<grid, block>>>(d_col, d_weight, d_output, PIXELS, O, DEPTH);
    cudaDeviceSynchronize();

    cudaMemcpy(output, d_output, sizeof(float) * PIXELS * O, cudaMemcpyDeviceToHost);
    cudaFree(d_input);
    cudaFree(d_weight);
    cudaFree(d_col);
    cudaFree(d_output);
}
