// In-place ReLU on one device buffer: only negative elements are written. Exact grid, one warp-aligned block per row.
// shapes: 5_128
#include <cuda_runtime.h>

#define SIZE 640
#define ROW 128

__global__ void relu_(float *data)
{
    const int tid = blockIdx.x * ROW + threadIdx.x;
    if (data[tid] < 0.0f)
        data[tid] = 0.0f;
}

extern "C" void relu(const float *h_in, float *h_out)
{
    float *d_data;
    cudaMalloc((void **)&d_data, sizeof(float) * SIZE);
    cudaMemcpy(d_data, h_in, sizeof(float) * SIZE, cudaMemcpyHostToDevice);
    relu_<<<SIZE / ROW, ROW>>>(d_data);
    cudaMemcpy(h_out, d_data, sizeof(float) * SIZE, cudaMemcpyDeviceToHost);
    cudaFree(d_data);
}
