// Multi-scale deformable attention (Zhu et al., Deformable DETR), forward. One thread per output channel of a
// query: for each level and point it samples the value map bilinearly, zero outside, and adds the sample times
// its attention weight. Grid-stride over batch x queries x heads x channels.
// shapes: 1_8_256_100_4_4 1_8_512_100_4_4 4_8_256_100_4_4 4_8_512_100_4_4
#include <hip/hip_runtime.h>

#include <cstdio>

#define HIP_KERNEL_LOOP(i, n) \
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)

constexpr int N = 1;
constexpr int HEADS = 8;
constexpr int D = 256;
constexpr int QUERIES = 100;
constexpr int LEVELS = 4;
constexpr int POINTS = 4;

constexpr int CHANNELS = D / HEADS;
constexpr int SPATIAL = 84 * 117 + 42 * 59 + 21 * 30 + 11 * 15;

const int HIP_NUM_THREADS = 256;
inline int GET_BLOCKS(const int n) { return (n + HIP_NUM_THREADS - 1) / HIP_NUM_THREADS; }

template <typename scalar_t>
__device__ scalar_t bilinear(const scalar_t* map, int height, int width, scalar_t h, scalar_t w, int head, int channel)
{
    const int h_low = floorf(h);
    const int w_low = floorf(w);
    const int h_high = h_low + 1;
    const int w_high = w_low + 1;

    const scalar_t lh = h - h_low;
    const scalar_t lw = w - w_low;
    const scalar_t hh = 1 - lh, hw = 1 - lw;

    const int w_stride = HEADS * CHANNELS;
    const int h_stride = width * w_stride;
    const int base = head * CHANNELS + channel;

    scalar_t v1 = 0;
    if (h_low >= 0 && w_low >= 0) v1 = map[h_low * h_stride + w_low * w_stride + base];
    scalar_t v2 = 0;
    if (h_low >= 0 && w_high <= width - 1) v2 = map[h_low * h_stride + w_high * w_stride + base];
    scalar_t v3 = 0;
    if (h_high <= height - 1 && w_low >= 0) v3 = map[h_high * h_stride + w_low * w_stride + base];
    scalar_t v4 = 0;
    if (h_high <= height - 1 && w_high <= width - 1) v4 = map[h_high * h_stride + w_high * w_stride + base];

    return hh * hw * v1 + hh * lw * v2 + lh * hw * v3 + lh * lw * v4;
}

template <typename scalar_t>
__global__ void deformable_im2col_kernel(const int n, const scalar_t* value, const int* spatial_shapes,
                                         const int* level_start_index, const scalar_t* sampling_loc,
                                         const scalar_t* attn_weight, scalar_t* col)
{
    HIP_KERNEL_LOOP(index, n)
    {
        const int channel = index % CHANNELS;
        const int sampling_index = index / CHANNELS;
        const int head = sampling_index % HEADS;
        const int batch = sampling_index / HEADS / QUERIES;

        int weight_ptr = sampling_index * LEVELS * POINTS;
        int loc_ptr = weight_ptr << 1;
        scalar_t sum = 0;

        for (int level = 0; level < LEVELS; ++level) {
            const int start = level_start_index[level];
            const int height = spatial_shapes[level << 1];
            const int width = spatial_shapes[(level << 1) + 1];
            const scalar_t* map = value + (batch * SPATIAL + start) * HEADS * CHANNELS;

            for (int point = 0; point < POINTS; ++point) {
                const scalar_t loc_w = sampling_loc[loc_ptr];
                const scalar_t loc_h = sampling_loc[loc_ptr + 1];
                const scalar_t weight = attn_weight[weight_ptr];

                const scalar_t h_im = loc_h * height - 0.5f;
                const scalar_t w_im = loc_w * width - 0.5f;
                if (h_im > -1 && w_im > -1 && h_im < height && w_im < width)
                    sum += bilinear(map, height, width, h_im, w_im, head, channel) * weight;

                weight_ptr += 1;
                loc_ptr += 2;
            }
        }
        col[index] = sum;
    }
}

extern "C" void deformable(const float* value, const int* value_spatial_shapes, const int* level_start_index,
                           const float* sampling_locations, const float* attention_weights, float* output)
{
    const int value_size = N * SPATIAL * HEADS * CHANNELS;
    const int weight_size = N * QUERIES * HEADS * LEVELS * POINTS;
    const int num_kernels = N * QUERIES * HEADS * CHANNELS;

    float *d_value, *d_loc, *d_weight, *d_output;
    int *d_shapes, *d_start;
    hipMalloc(&d_value, value_size * sizeof(float));
    hipMalloc(&d_shapes, LEVELS * 2 * sizeof(int));
    hipMalloc(&d_start, LEVELS * sizeof(int));
    hipMalloc(&d_loc, weight_size * 2 * sizeof(float));
    hipMalloc(&d_weight, weight_size * sizeof(float));
    hipMalloc(&d_output, num_kernels * sizeof(float));
    hipMemcpy(d_value, value, value_size * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(d_shapes, value_spatial_shapes, LEVELS * 2 * sizeof(int), hipMemcpyHostToDevice);
    hipMemcpy(d_start, level_start_index, LEVELS * sizeof(int), hipMemcpyHostToDevice);
    hipMemcpy(d_loc, sampling_locations, weight_size * 2 * sizeof(float), hipMemcpyHostToDevice);
    hipMemcpy(d_weight, attention_weights, weight_size * sizeof(float), hipMemcpyHostToDevice);

    hipLaunchKernelGGL(HIP_KERNEL_NAME(deformable_im2col_kernel<float>), dim3(GET_BLOCKS(num_kernels)),
                       dim3(HIP_NUM_THREADS), 0, 0, num_kernels, d_value, d_shapes, d_start, d_loc, d_weight, d_output);
    hipError_t err = hipGetLastError();
    if (err != hipSuccess) printf("error in deformable_im2col: %s\n", hipGetErrorString(err));

    hipMemcpy(output, d_output, num_kernels * sizeof(float), hipMemcpyDeviceToHost);
    hipFree(d_value);
    hipFree(d_shapes);
    hipFree(d_start);
    hipFree(d_loc);
    hipFree(d_weight);
    hipFree(d_output);
}
