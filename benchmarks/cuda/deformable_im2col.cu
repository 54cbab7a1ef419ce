// Multi-scale deformable attention, forward. As in the im2col kernels of Deformable-DETR, one thread makes one
// output channel of a query and head, and a grid-stride loop runs over all of them. Bilinear samples, zeros
// outside the maps, align_corners = false.
// shapes: 1_8_256_100_4_4 1_8_512_100_4_4 4_8_256_100_4_4 4_8_512_100_4_4
#include <cstdio>

#include <cuda_runtime.h>

#define CUDA_KERNEL_LOOP(i, n) \
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)

constexpr int N = 1;
constexpr int HEADS = 8;
constexpr int D = 256;
constexpr int QUERIES = 100;
constexpr int LEVELS = 4;
constexpr int POINTS = 4;

constexpr int CHANNELS = D / HEADS;
constexpr int SPATIAL_SIZE = 84 * 117 + 42 * 59 + 21 * 30 + 11 * 15;
constexpr int CUDA_NUM_THREADS = 1024;

inline int GET_BLOCKS(const int n) { return (n + CUDA_NUM_THREADS - 1) / CUDA_NUM_THREADS; }

// The value at (h, w) of one channel of a map; `stride` is from a pixel to the next.
template <typename scalar_t>
__device__ scalar_t bilinear(const scalar_t* map, int height, int width, int stride, scalar_t h, scalar_t w) {
  const int h_low = floorf(h);
  const int w_low = floorf(w);
  const int h_high = h_low + 1;
  const int w_high = w_low + 1;

  const scalar_t lh = h - h_low;
  const scalar_t lw = w - w_low;
  const scalar_t hh = 1 - lh;
  const scalar_t hw = 1 - lw;

  scalar_t v1 = 0;
  if (h_low >= 0 && w_low >= 0) v1 = map[(h_low * width + w_low) * stride];
  scalar_t v2 = 0;
  if (h_low >= 0 && w_high <= width - 1) v2 = map[(h_low * width + w_high) * stride];
  scalar_t v3 = 0;
  if (h_high <= height - 1 && w_low >= 0) v3 = map[(h_high * width + w_low) * stride];
  scalar_t v4 = 0;
  if (h_high <= height - 1 && w_high <= width - 1) v4 = map[(h_high * width + w_high) * stride];

  return hh * hw * v1 + hh * lw * v2 + lh * hw * v3 + lh * lw * v4;
}

template <typename scalar_t>
__global__ void deformable_im2col_kernel(const int n, const scalar_t* data_value, const int* spatial_shapes,
                                         const int* level_start_index, const scalar_t* sampling_loc,
                                         const scalar_t* attn_weight, const int num_heads, const int channels,
                                         const int num_levels, const int num_query, const int num_point,
                                         scalar_t* data_col) {
  CUDA_KERNEL_LOOP(index, n) {
    int rest = index;
    const int c = rest % channels;
    rest /= channels;
    const scalar_t* weight = attn_weight + rest * num_levels * num_point;
    const scalar_t* loc = sampling_loc + rest * num_levels * num_point * 2;
    const int m = rest % num_heads;
    rest /= num_heads;
    const int b = rest / num_query;

    const int stride = num_heads * channels;
    const scalar_t* value = data_value + b * SPATIAL_SIZE * stride + m * channels + c;

    scalar_t col = 0;
    for (int l = 0; l < num_levels; ++l) {
      const int height = spatial_shapes[2 * l];
      const int width = spatial_shapes[2 * l + 1];
      const scalar_t* map = value + level_start_index[l] * stride;

      for (int p = 0; p < num_point; ++p) {
        const scalar_t w_im = loc[0] * width - 0.5f;
        const scalar_t h_im = loc[1] * height - 0.5f;
        if (h_im > -1 && w_im > -1 && h_im < height && w_im < width) {
          col += bilinear(map, height, width, stride, h_im, w_im) * *weight;
        }
        loc += 2;
        weight += 1;
      }
    }
    data_col[index] = col;
  }
}

extern "C" void deformable(const float* value, const int* value_spatial_shapes, const int* level_start_index,
                           const float* sampling_locations, const float* attention_weights, float* output) {
  const size_t value_bytes = sizeof(float) * N * SPATIAL_SIZE * D;
  const size_t weight_bytes = sizeof(float) * N * QUERIES * HEADS * LEVELS * POINTS;
  const int num_kernels = N * QUERIES * HEADS * CHANNELS;

  float *value_gpu, *loc_gpu, *weight_gpu, *output_gpu;
  int *shapes_gpu, *start_gpu;
  cudaMalloc(&value_gpu, value_bytes);
  cudaMalloc(&shapes_gpu, sizeof(int) * LEVELS * 2);
  cudaMalloc(&start_gpu, sizeof(int) * LEVELS);
  cudaMalloc(&loc_gpu, 2 * weight_bytes);
  cudaMalloc(&weight_gpu, weight_bytes);
  cudaMalloc(&output_gpu, sizeof(float) * num_kernels);
  cudaMemcpy(value_gpu, value, value_bytes, cudaMemcpyHostToDevice);
  cudaMemcpy(shapes_gpu, value_spatial_shapes, sizeof(int) * LEVELS * 2, cudaMemcpyHostToDevice);
  cudaMemcpy(start_gpu, level_start_index, sizeof(int) * LEVELS, cudaMemcpyHostToDevice);
  cudaMemcpy(loc_gpu, sampling_locations, 2 * weight_bytes, cudaMemcpyHostToDevice);
  cudaMemcpy(weight_gpu, attention_weights, weight_bytes, cudaMemcpyHostToDevice);

  deformable_im2col_kernel<float><<<GET_BLOCKS(num_kernels), CUDA_NUM_THREADS>>>(
      num_kernels, value_gpu, shapes_gpu, start_gpu, loc_gpu, weight_gpu, HEADS, CHANNELS, LEVELS, QUERIES, POINTS,
      output_gpu);
  const cudaError_t err = cudaGetLastError();
  if (err != cudaSuccess) printf("error in deformable_im2col: %s\n", cudaGetErrorString(err));

  cudaMemcpy(output, output_gpu, sizeof(float) * num_kernels, cudaMemcpyDeviceToHost);
  cudaFree(value_gpu);
  cudaFree(shapes_gpu);
  cudaFree(start_gpu);
  cudaFree(loc_gpu);
  cudaFree(weight_gpu);
  cudaFree(output_gpu);
}
