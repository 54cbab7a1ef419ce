/*
 * ms_deform_attn forward, after the structure of the original CUDA im2col kernel: one output
 * channel at a time, a bilinear helper with the four border tests, early rejection of points that
 * lie outside of the map.
 */
// shapes: 1_8_256_200_4_4 4_8_512_100_4_4 4_8_256_200_4_4
#include <math.h>

#define N 1
#define HEADS 8
#define D 256
#define QUERIES 200
#define LEVELS 4
#define POINTS 4
#define CHANNELS (D / HEADS)
#define SPATIAL_SIZE 13101

static float bilinear(const float *data, int height, int width, float h, float w, int m, int c)
{
    const int h_low = (int)floorf(h);
    const int w_low = (int)floorf(w);
    const int h_high = h_low + 1;
    const int w_high = w_low + 1;
    const float lh = h - h_low, lw = w - w_low;
    const float hh = 1 - lh, hw = 1 - lw;
    const int w_stride = HEADS * CHANNELS;
    const int base = m * CHANNELS + c;
    float v1 = 0, v2 = 0, v3 = 0, v4 = 0;

    if (h_low >= 0 && w_low >= 0)
        v1 = data[(h_low * width + w_low) * w_stride + base];
    if (h_low >= 0 && w_high <= width - 1)
        v2 = data[(h_low * width + w_high) * w_stride + base];
    if (h_high <= height - 1 && w_low >= 0)
        v3 = data[(h_high * width + w_low) * w_stride + base];
    if (h_high <= height - 1 && w_high <= width - 1)
        v4 = data[(h_high * width + w_high) * w_stride + base];

    return hh * hw * v1 + hh * lw * v2 + lh * hw * v3 + lh * lw * v4;
}

extern "C" void deformable(const float *data_value, const int *value_spatial_shapes,
                           const int *level_start_index, const float *sampling_loc,
                           const float *attn_weight, float *data_col)
{
    #pragma omp parallel for
    for (int index = 0; index < N * QUERIES * HEADS; index++) {
        const int m = index % HEADS;
        const int b = index / HEADS / QUERIES;
        const float *weight = attn_weight + index * LEVELS * POINTS;
        const float *loc = sampling_loc + index * LEVELS * POINTS * 2;

        for (int c = 0; c < CHANNELS; c++) {
            float col = 0;
            for (int l = 0; l < LEVELS; l++) {
                const int start = level_start_index[l];
                const int h = value_spatial_shapes[l * 2];
                const int w = value_spatial_shapes[l * 2 + 1];
                const float *map = data_value + (b * SPATIAL_SIZE + start) * HEADS * CHANNELS;

                for (int p = 0; p < POINTS; p++) {
                    const float h_im = loc[(l * POINTS + p) * 2 + 1] * h - 0.5f;
                    const float w_im = loc[(l * POINTS + p) * 2] * w - 0.5f;
                    if (h_im > -1 && w_im > -1 && h_im < h && w_im < w)
                        col += bilinear(map, h, w, h_im, w_im, m, c) * weight[l * POINTS + p];
                }
            }
            data_col[index * CHANNELS + c] = col;
        }
    }
}
