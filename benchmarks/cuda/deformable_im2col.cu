// Multi-scale deformable attention, forward, after the form of Deformable-DETR: one thread per output channel of
// a query and head, a grid-stride loop over all of them, bilinear samples with zeros outside the maps.
// shapes: 1_8_256_100_4_4 1_8_256_200_4_4 1_8_512_100_4_4 1_8_512_200_4_4 4_8_256_100_4_4 4_8_256_200_4_4 4_8_512_100_4_4 4_8_512_200_4_4
#include <cstdio>

#include <cuda_runtime.h>

#define CUDA_KERNEL_LOOP(i, n)                            \
  for (int i = blockIdx.x * blockDim.x + threadIdx.x;     \
       i < (n);                                           \
       i += blockDim.x * gridDim.x)

constexpr int N = 1;
constexpr int HEADS = 8;
constexpr int D = 256;
constexpr int QUERIES = 100;
constexpr int LEVELS = 4;
constexpr int POINTS = 4;

constexpr int CHANNELS = D / HEADS;
constexpr int SPATIAL_SIZE = 84 * 117 + 42 * 59 + 21 * 30 + 11 * 15;
constexpr int CUDA_NUM_THREADS = 1024;

inline int GET_BLOCKS(const int count, const int num_threads)
{
  return (count + num_threads - 1) / num_threads;
}

template <typename scalar_t>
__device__ scalar_t ms_deform_attn_im2col_bilinear(const scalar_t* bottom_data, const int height, const int width,
                                                   const int nheads, const int channels, const scalar_t h,
                                                   const scalar_t w, const int m, const int c)
{
  const int h_low = floorf(h);
  const int w_low = floorf(w);
  const int h_high = h_low + 1;
  const int w_high = w_low + 1;

  const scalar_t lh = h - h_low;
  const scalar_t lw = w - w_low;
  const scalar_t hh = 1 - lh, hw = 1 - lw;

  const int w_stride = nheads * channels;
  const int h_stride = width * w_stride;
  const int h_low_offset = h_low * h_stride;
  const int h_high_offset = h_low_offset + h_stride;
  const int w_low_offset = w_low * w_stride;
  const int w_high_offset = w_low_offset + w_stride;
  const int base = m * channels + c;

  scalar_t v1 = 0;
  if (h_low >= 0 && w_low >= 0)
    v1 = bottom_data[h_low_offset + w_low_offset + base];
  scalar_t v2 = 0;
  if (h_low >= 0 && w_high <= width - 1)
    v2 = bottom_data[h_low_offset + w_high_offset + base];
  scalar_t v3 = 0;
  if (h_high <= height - 1 && w_low >= 0)
    v3 = bottom_data[h_high_offset + w_low_offset + base];
  scalar_t v4 = 0;
  if (h_high <= height - 1 && w_high <= width - 1)
    v4 = bottom_data[h_high_offset + w_high_offset + base];

  const scalar_t w1 = hh * hw, w2 = hh * lw, w3 = lh * hw, w4 = lh * lw;
  return w1 * v1 + w2 * v2 + w3 * v3 + w4 * v4;
}

template <typename scalar_t>
__global__ void ms_deformable_im2col_gpu_kernel(const int n, const scalar_t* data_value,
                                                const int* data_spatial_shapes, const int* data_level_start_index,
                                                const scalar_t* data_sampling_loc, const scalar_t* data_attn_weight,
                                                const int spatial_size, const int num_heads, const int channels,
                                                const int num_levels, const int num_query, const int num_point,
                                                scalar_t* data_col)
{
  CUDA_KERNEL_LOOP(index, n)
  {
    int _temp = index;
    const int c_col = _temp % channels;
    _temp /= channels;
    const int sampling_index = _temp;
    const int m_col = _temp % num_heads;
    _temp /= num_heads;
    _temp /= num_query;
    const int b_col = _temp;

    scalar_t* data_col_ptr = data_col + index;
    int data_weight_ptr = sampling_index * num_levels * num_point;
    int data_loc_w_ptr = data_weight_ptr << 1;
    const int qid_stride = num_heads * channels;
    const int data_value_ptr_init_offset = b_col * spatial_size * qid_stride;
    scalar_t col = 0;

    for (int l_col = 0; l_col < num_levels; ++l_col) {
      const int level_start_id = data_level_start_index[l_col];
      const int spatial_h_ptr = l_col << 1;
      const int spatial_h = data_spatial_shapes[spatial_h_ptr];
      const int spatial_w = data_spatial_shapes[spatial_h_ptr + 1];
      const scalar_t* data_value_ptr = data_value + (data_value_ptr_init_offset + level_start_id * qid_stride);

      for (int p_col = 0; p_col < num_point; ++p_col) {
        const scalar_t loc_w = data_sampling_loc[data_loc_w_ptr];
        const scalar_t loc_h = data_sampling_loc[data_loc_w_ptr + 1];
        const scalar_t weight = data_attn_weight[data_weight_ptr];

        const scalar_t h_im = loc_h * spatial_h - 0.5f;
        const scalar_t w_im = loc_w * spatial_w - 0.5f;
        if (h_im > -1 && w_im > -1 && h_im < spatial_h && w_im < spatial_w) {
          col += ms_deform_attn_im2col_bilinear(data_value_ptr, spatial_h, spatial_w, num_heads, channels, h_im, w_im,
                                                m_col, c_col) * weight;
        }

        data_weight_ptr += 1;
        data_loc_w_ptr += 2;
      }
    }
    *data_col_ptr = col;
  }
}

extern "C" void deformable(const float* value, const int* value_spatial_shapes, const int* level_start_index,
                           const float* sampling_locations, const float* attention_weights, float* output)
{
  constexpr size_t value_bytes = sizeof(float) * N * SPATIAL_SIZE * HEADS * CHANNELS;
  constexpr size_t loc_bytes = sizeof(float) * N * QUERIES * HEADS * LEVELS * POINTS * 2;
  constexpr size_t weight_bytes = sizeof(float) * N * QUERIES * HEADS * LEVELS * POINTS;
  constexpr int num_kernels = N * QUERIES * HEADS * CHANNELS;

  float *value_gpu, *loc_gpu, *weight_gpu, *output_gpu;
  int *shapes_gpu, *start_gpu;
  cudaMalloc(&value_gpu, value_bytes);
  cudaMalloc(&shapes_gpu, sizeof(int) * LEVELS * 2);
  cudaMalloc(&start_gpu, sizeof(int) * LEVELS);
  cudaMalloc(&loc_gpu, loc_bytes);
  cudaMalloc(&weight_gpu, weight_bytes);
  cudaMalloc(&output_gpu, sizeof(float) * num_kernels);
  cudaMemcpy(value_gpu, value, value_bytes, cudaMemcpyHostToDevice);
  cudaMemcpy(shapes_gpu, value_spatial_shapes, sizeof(int) * LEVELS * 2, cudaMemcpyHostToDevice);
  cudaMemcpy(start_gpu, level_start_index, sizeof(int) * LEVELS, cudaMemcpyHostToDevice);
  cudaMemcpy(loc_gpu, sampling_locations, loc_bytes, cudaMemcpyHostToDevice);
  cudaMemcpy(weight_gpu, attention_weights, weight_bytes, cudaMemcpyHostToDevice);

  ms_deformable_im2col_gpu_kernel<float><<<GET_BLOCKS(num_kernels, CUDA_NUM_THREADS), CUDA_NUM_THREADS>>>(
      num_kernels, value_gpu, shapes_gpu, start_gpu, loc_gpu, weight_gpu, SPATIAL_SIZE, HEADS, CHANNELS, LEVELS,
      QUERIES, POINTS, output_gpu);
  cudaError_t err = cudaGetLastError();
  if (err != cudaSuccess) printf("error in ms_deformable_im2col_cuda: %s\n", cudaGetErrorString(err));

  cudaMemcpy(output, output_gpu, sizeof(float) * num_kernels, cudaMemcpyDeviceToHost);
  cudaFree(value_gpu);
  cudaFree(shapes_gpu);
  cudaFree(start_gpu);
  cudaFree(loc_gpu);
  cudaFree(weight_gpu);
  cudaFree(output_gpu);
}
