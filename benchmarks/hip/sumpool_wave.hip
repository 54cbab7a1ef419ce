// Sum pooling in NHWC. A wavefront owns an output pixel and walks its channels 64 at a time; window rows are
// contiguous in memory up to the channel stride, so only a pointer moves.
// shapes: 16_64_64_64_5_5_2_2 1_5_5_64_5_5_1_1 4_35_35_192_5_5_2_2 5_112_112_64_3_3_2_2
#include "hip/hip_runtime.h"

#define N 1
#define H 5
#define W 5
#define C 64
#define K 5
#define S 1
#define OH ((H - K) / S + 1)
#define OW ((W - K) / S + 1)
#define OUT_PIXELS (N * OH * OW)

#define WAVE 64
#define WAVES_PER_GROUP 4

__global__ void sumpool_kernel(const float* in, float* out)
{
    const int lane = hipThreadIdx_x % WAVE;
    const int pixel = hipBlockIdx_x * WAVES_PER_GROUP + hipThreadIdx_x / WAVE;
    if (pixel < OUT_PIXELS) {
        const int n = pixel / (OH * OW);
        const int oh = pixel / OW % OH;
        const int ow = pixel % OW;
        for (int c = lane; c < C; c += WAVE) {
            const float* p = in + ((n * H + oh * S) * W + ow * S) * C + c;
            float s = 0.0f;
            for (int kh = 0; kh < K; kh++) {
                for (int kw = 0; kw < K; kw++)
                    s += p[kw * C];
                p += W * C;
            }
            out[pixel * C + c] = s;
        }
    }
}

extern "C" void sumpool(const float* in, float* out)
{
    float *in_gpu, *out_gpu;
    hipMalloc(&in_gpu, sizeof(float) * N * H * W * C);
    hipMalloc(&out_gpu, sizeof(float) * OUT_PIXELS * C);
    hipMemcpy(in_gpu, in, sizeof(float) * N * H * W * C, hipMemcpyHostToDevice);
    hipLaunchKernelGGL(sumpool_kernel, dim3((OUT_PIXELS + WAVES_PER_GROUP - 1) / WAVES_PER_GROUP),
                       dim3(WAVE * WAVES_PER_GROUP), 0, 0, in_gpu, out_gpu);
    hipMemcpy(out, out_gpu, sizeof(float) * OUT_PIXELS * C, hipMemcpyDeviceToHost);
    hipFree(in_gpu);
    hipFree(out_gpu);
}
