// Softmax with a workgroup per row; maximum and sum by tree reductions in the LDS.
// shapes: 12_3_128 5_128
#include <hip/hip_runtime.h>

#define ROWS 5
#define COLS 128
#define THREADS 128

__global__ void softmax_lds(float* out, const float* in)
{
    HIP_DYNAMIC_SHARED(float, red)
    const int t = hipThreadIdx_x;
    const float* row_in = in + hipBlockIdx_x * COLS;
    float* row_out = out + hipBlockIdx_x * COLS;

    float local = -INFINITY;
    for (int c = t; c < COLS; c += THREADS)
        local = fmaxf(local, row_in[c]);
    red[t] = local;
    __syncthreads();
    for (int s = THREADS / 2; s > 0; s >>= 1) {
        if (t < s)
            red[t] = fmaxf(red[t], red[t + s]);
        __syncthreads();
    }
    const float top = red[0];
    __syncthreads();  // red is reused

    local = 0.0f;
    for (int c = t; c < COLS; c += THREADS)
        local += __expf(row_in[c] - top);
    red[t] = local;
    __syncthreads();
    for (int s = THREADS / 2; s > 0; s >>= 1) {
        if (t < s)
            red[t] += red[t + s];
        __syncthreads();
    }
    const float inv = 1.0f / red[0];

    for (int c = t; c < COLS; c += THREADS)
        row_out[c] = __expf(row_in[c] - top) * inv;
}

extern "C" void softmax(const float* in, float* out)
{
    float* in_dev;
    float* out_dev;
    hipMalloc((void**)&in_dev, ROWS * COLS * sizeof(float));
    hipMalloc((void**)&out_dev, ROWS * COLS * sizeof(float));
    hipMemcpy(in_dev, in, ROWS * COLS * sizeof(float), hipMemcpyHostToDevice);

    hipLaunchKernelGGL(softmax_lds, dim3(ROWS), dim3(THREADS), THREADS * sizeof(float), 0, out_dev, in_dev);

    hipMemcpy(out, out_dev, ROWS * COLS * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(in_dev);
    hipFree(out_dev);
}
