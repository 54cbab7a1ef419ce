// Element-wise ReLU as a grid-stride loop: a fixed number of workgroups walks a tensor of any size.
// shapes: 5_7_3_32
#include "hip/hip_runtime.h"

#define SIZE 3360

static const unsigned kWorkgroups = 16;
static const unsigned kWorkgroupSize = 64 * 4;  // four wavefronts

template <typename T>
__global__ void clamp_below(const T* src, T* dst, T floor, size_t count)
{
    const size_t stride = (size_t)blockDim.x * gridDim.x;
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += stride)
        dst[i] = src[i] < floor ? floor : src[i];
}

extern "C" void relu(const float* input, float* output)
{
    float *src, *dst;
    const size_t nbytes = SIZE * sizeof(float);

    hipMalloc((void**)&src, nbytes);
    hipMalloc((void**)&dst, nbytes);
    hipMemcpy(src, input, nbytes, hipMemcpyHostToDevice);

    hipLaunchKernelGGL(HIP_KERNEL_NAME(clamp_below<float>), dim3(kWorkgroups), dim3(kWorkgroupSize), 0, 0,
                       src, dst, 0.0f, (size_t)SIZE);

    hipMemcpy(output, dst, nbytes, hipMemcpyDeviceToHost);
    hipFree(src);
    hipFree(dst);
}
