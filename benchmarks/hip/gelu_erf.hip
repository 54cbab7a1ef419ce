// GELU, exact form: x * Phi(x) with the error function.
// shapes: 3_4_5 45_25 7_1_6_7
#include <hip/hip_runtime.h>
#include <math.h>

#define SIZE 60

#ifndef M_SQRT1_2
#define M_SQRT1_2 0.70710678118654752440
#endif

__global__ void gelu_forward(float* out, const float* inp, int n)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    const float xi = inp[i];
    out[i] = 0.5f * xi * (1.0f + erff(xi * (float)M_SQRT1_2));
}

extern "C" void gelu(const float* inp, float* out)
{
    float *d_inp, *d_out;
    hipMalloc(&d_inp, SIZE * sizeof(float));
    hipMalloc(&d_out, SIZE * sizeof(float));
    hipMemcpy(d_inp, inp, SIZE * sizeof(float), hipMemcpyHostToDevice);

    const int block_size = 128;
    gelu_forward<<<(SIZE + block_size - 1) / block_size, block_size>>>(d_out, d_inp, SIZE);

    hipMemcpy(out, d_out, SIZE * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(d_inp);
    hipFree(d_out);
}
