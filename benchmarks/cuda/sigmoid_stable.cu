// Numerically careful sigmoid: the exponent is never positive, so expf cannot overflow. In place, grid-stride.
// shapes: 12_3_128 5_12_23_128
#include <cuda_runtime.h>

#define SIZE 4608
#define BLOCKS 36
#define THREADS 128

__global__ void sigmoid_inplace(float *data, unsigned int count)
{
    const unsigned int step = gridDim.x * blockDim.x;
    for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
        const float x = data[i];
        const float e = expf(-fabsf(x));
        const float s = 1.0f / (1.0f + e);
        data[i] = (x >= 0.0f) ? s : e * s;
    }
}

extern "C" void sigmoid(const float *input, float *output)
{
    float *buf;
    cudaMalloc((void **)&buf, SIZE * sizeof(float));
    cudaMemcpy(buf, input, SIZE * sizeof(float), cudaMemcpyHostToDevice);
    sigmoid_inplace<<<BLOCKS, THREADS>>>(buf, SIZE);
    cudaMemcpy(output, buf, SIZE * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(buf);
}
