// Average pooling over K x K windows of an NHWC tensor, stride S, no padding. One thread per output element.
// shapes: 1_5_5_64_5_5_1_1 5_112_112_64_3_3_2_2 16_64_64_64_5_5_2_2
#include <cuda_runtime.h>

#define N 1
#define H 5
#define W 5
#define C 64
#define K 5
#define S 1

#define P ((H - K) / S + 1)
#define Q ((W - K) / S + 1)

__global__ void avgpool2d(const float *__restrict__ x, float *__restrict__ y)
{
    const int idx = blockIdx.x * blockDim.x + threadIdx.x;
    if (idx >= N * P * Q * C)
        return;

    int r = idx;
    const int c = r % C; r /= C;
    const int q = r % Q; r /= Q;
    const int p = r % P; r /= P;
    const int n = r;

    const float *window = x + ((n * H + p * S) * W + q * S) * C + c;
    float sum = 0.f;
    for (int i = 0; i < K; ++i)
        for (int j = 0; j < K; ++j)
            sum += window[(i * W + j) * C];
    y[idx] = sum / (K * K);
}

extern "C" void avgpool(const float *x, float *y)
{
    const size_t x_bytes = (size_t)N * H * W * C * sizeof(float);
    const size_t y_bytes = (size_t)N * P * Q * C * sizeof(float);
    float *x_dev, *y_dev;
    cudaMalloc(&x_dev, x_bytes);
    cudaMalloc(&y_dev, y_bytes);
    cudaMemcpy(x_dev, x, x_bytes, cudaMemcpyHostToDevice);

    const int outputs = N * P * Q * C;
    avgpool2d<<<(outputs + 127) / 128, 128>>>(x_dev, y_dev);

    cudaMemcpy(y, y_dev, y_bytes, cudaMemcpyDeviceToHost);
    cudaFree(x_dev);
    cudaFree(y_dev);
}
