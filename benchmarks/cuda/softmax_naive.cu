// Softmax over the last axis, three passes per row, one thread per row. For short rows.
// shapes: 3_4_5 7_1_6_7 45_25
#include <cuda_runtime.h>
#include <math.h>

#define ROWS 12
#define COLS 5

__global__ void softmax_forward_kernel1(float* out, const float* inp, int N, int C) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < N) {
        const float* inp_row = inp + i * C;
        float* out_row = out + i * C;

        float maxval = -INFINITY;
        for (int j = 0; j < C; j++) {
            if (inp_row[j] > maxval) {
                maxval = inp_row[j];
            }
        }
        float sum = 0.0f;
        for (int j = 0; j < C; j++) {
            out_row[j] = expf(inp_row[j] - maxval);
            sum += out_row[j];
        }
        for (int j = 0; j < C; j++) {
            out_row[j] /= sum;
        }
    }
}

extern "C" void softmax(const float* inp, float* out) {
    float *d_inp, *d_out;
    cudaMalloc(&d_inp, ROWS * COLS * sizeof(float));
    cudaMalloc(&d_out, ROWS * COLS * sizeof(float));
    cudaMemcpy(d_inp, inp, ROWS * COLS * sizeof(float), cudaMemcpyHostToDevice);

    const int block_size = 32;
    const int grid_size = (ROWS + block_size - 1) / block_size;
    softmax_forward_kernel1<<<grid_size, block_size>>>(d_out, d_inp, ROWS, COLS);

    cudaMemcpy(out, d_out, ROWS * COLS * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_inp);
    cudaFree(d_out);
}
