// Valid 1-D convolution of a float signal with a short kernel, one output per thread.
// shapes: 5_7 25_27 44_46
#include <cuda_runtime.h>

#define IN 7
#define OUT 5

const int kernelSize = 3;

__global__ void convolution_1D(const float *N, const float *F, float *P, int width, int size)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= width) return;

    float value = 0.0f;
    for (int j = 0; j < size; j++) {
        value += N[i + j] * F[j];
    }
    P[i] = value;
}

extern "C" void conv1d(const float *input, const float *filter, float *output)
{
    float *d_input, *d_filter, *d_output;
    cudaMalloc((void **)&d_input, IN * sizeof(float));
    cudaMalloc((void **)&d_filter, kernelSize * sizeof(float));
    cudaMalloc((void **)&d_output, OUT * sizeof(float));
    cudaMemcpy(d_input, input, IN * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_filter, filter, kernelSize * sizeof(float), cudaMemcpyHostToDevice);

    convolution_1D<<<(OUT + 31) / 32, 32>>>(d_input, d_filter, d_output, OUT, kernelSize);
    cudaDeviceSynchronize();

    cudaMemcpy(output, d_output, OUT * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_input);
    cudaFree(d_filter);
    cudaFree(d_output);
}
