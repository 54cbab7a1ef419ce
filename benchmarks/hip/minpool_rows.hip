// NHWC min pooling that walks a whole output row per workgroup. The minimum over the K rows of the window is
// taken first, column by column, into the LDS; the second step slides along it.
// shapes: 16_112_112_64_5_5_3_3 4_56_56_128_5_5_2_2 5_112_112_64_3_3_2_2 5_32_32_64_5_5_3_3
#include <hip/hip_runtime.h>

#define N 5
#define H 32
#define W 32
#define C 64
#define K 5
#define S 3

#define OH ((H - K) / S + 1)
#define OW ((W - K) / S + 1)
#define GROUP 64   /* channels of a workgroup */
#define THREADS 256

__global__ void minpool_separable(const float* src, float* dst)
{
    __shared__ float column_min[W * GROUP];

    const int oh = blockIdx.x;
    const int c0 = blockIdx.y * GROUP;
    const int n = blockIdx.z;

    for (int i = threadIdx.x; i < W * GROUP; i += blockDim.x) {
        const int w = i / GROUP;
        const int c = c0 + i % GROUP;
        float m = src[((n * H + oh * S) * W + w) * C + c];
        for (int kh = 1; kh < K; ++kh)
            m = fminf(m, src[((n * H + oh * S + kh) * W + w) * C + c]);
        column_min[i] = m;
    }
    __syncthreads();

    for (int i = threadIdx.x; i < OW * GROUP; i += blockDim.x) {
        const int ow = i / GROUP;
        const int lane = i % GROUP;
        float m = column_min[ow * S * GROUP + lane];
        for (int kw = 1; kw < K; ++kw)
            m = fminf(m, column_min[(ow * S + kw) * GROUP + lane]);
        dst[((n * OH + oh) * OW + ow) * C + c0 + lane] = m;
    }
}

extern "C" void minpool(const float* src, float* dst)
{
    float* src_d;
    float* dst_d;
    hipMalloc((void**)&src_d, sizeof(float) * N * H * W * C);
    hipMalloc((void**)&dst_d, sizeof(float) * N * OH * OW * C);
    hipMemcpy(src_d, src, sizeof(float) * N * H * W * C, hipMemcpyHostToDevice);
    minpool_separable<<<dim3(OH, C / GROUP, N), dim3(THREADS)>>>(src_d, dst_d);
    hipDeviceSynchronize();
    hipMemcpy(dst, dst_d, sizeof(float) * N * OH * OW * C, hipMemcpyDeviceToHost);
    hipFree(src_d);
    hipFree(dst_d);
}
