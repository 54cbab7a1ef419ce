// Pooling over [height][width][channel] tensors in NRAM (sec 3.12). The window moves by stride_width along the width
// and stride_height along the height, width first in the argument list; no padding, an incomplete window is dropped.
#pragma once

#define XP_POOL_RULES                                                                      \
  XP_COUNT(channel);                                                                       \
  XP_WHOLE_2XX(channel * (int)sizeof(*(src)), 128, "`channel` in bytes");                  \
  XP_REQUIRE(kernel_height > 0 && kernel_width > 0 && stride_width > 0 && stride_height > 0, \
             "kernel sizes and strides must be positive");                                 \
  XP_REQUIRE(height >= kernel_height && width >= kernel_width, "the window is larger than the tensor"); \
  XP_REQUIRE(kernel_height * kernel_width <= 65536, "the window has more than 65536 elements"); \
  XP_IN_NRAM(src, height * width * channel);                                               \
  XP_OUT_NRAM(dst, ((height - kernel_height) / stride_height + 1) *                        \
                       ((width - kernel_width) / stride_width + 1) * channel);             \
  XP_APART(dst, ((height - kernel_height) / stride_height + 1) *                           \
                    ((width - kernel_width) / stride_width + 1) * channel,                 \
           src, height * width * channel)

// `first` starts a window, `step` adds the element `v` to `acc`, `last` finishes it.
#define XP_POOL(T, name, first, step, last)                                                \
  XP_INTRINSIC inline void name(T* dst, const T* src, int channel, int height, int width,  \
                                int kernel_height, int kernel_width, int stride_width,     \
                                int stride_height) {                                       \
    XP_POOL_RULES;                                                                         \
    for (int oh = 0; oh < (height - kernel_height) / stride_height + 1; ++oh) {            \
      for (int ow = 0; ow < (width - kernel_width) / stride_width + 1; ++ow) {             \
        for (int c = 0; c < channel; ++c) {                                                \
          float acc = first;                                                               \
          for (int kh = 0; kh < kernel_height; ++kh) {                                     \
            for (int kw = 0; kw < kernel_width; ++kw) {                                    \
              float v = (float)src[((oh * stride_height + kh) * width + ow * stride_width + kw) * channel + c]; \
              acc = step;                                                                  \
            }                                                                              \
          }                                                                                \
          dst[(oh * ((width - kernel_width) / stride_width + 1) + ow) * channel + c] = (T)(last); \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }
#define XP_POOL_CORNER (float)src[(oh * stride_height * width + ow * stride_width) * channel + c]
XP_FLOATS(XP_POOL, __bang_sumpool, 0.0f, acc + v, acc)
XP_FLOATS(XP_POOL, __bang_avgpool, 0.0f, acc + v, acc / (float)(kernel_height * kernel_width))
XP_FLOATS(XP_POOL, __bang_maxpool, XP_POOL_CORNER, fmaxf(acc, v), acc)
XP_FLOATS(XP_POOL, __bang_minpool, XP_POOL_CORNER, fminf(acc, v), acc)
#undef XP_POOL

// Without strides the windows tile the tensor (half only).
#define XP_POOL_TILED(name)                                                                          \
  inline void name(half* dst, const half* src, int channel, int height, int width, int kernel_height, \
                   int kernel_width) {                                                               \
    name(dst, src, channel, height, width, kernel_height, kernel_width, kernel_width, kernel_height); \
  }
XP_POOL_TILED(__bang_sumpool)
XP_POOL_TILED(__bang_avgpool)
XP_POOL_TILED(__bang_maxpool)
XP_POOL_TILED(__bang_minpool)
#undef XP_POOL_TILED

// The form with dilations, of which only 1, 1, 1, 1 (none) is modelled.
#define XP_POOL_DILATED(T, name)                                                                        \
  inline void name(T* dst, const T* src, int channel, int height, int width, int kernel_height,        \
                   int kernel_width, int stride_width, int stride_height, int in_dh, int in_dw, int out_dh, \
                   int out_dw) {                                                                        \
    XP_REQUIRE(in_dh == 1 && in_dw == 1 && out_dh == 1 && out_dw == 1, "dilated pooling is not modelled"); \
    name(dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height);   \
  }
XP_FLOATS(XP_POOL_DILATED, __bang_avgpool)
XP_FLOATS(XP_POOL_DILATED, __bang_maxpool)
XP_FLOATS(XP_POOL_DILATED, __bang_minpool)
#undef XP_POOL_DILATED

// The position of the first maximum within its window, counted row by row.
#define XP_POOL_INDEX(I, T)                                                                \
  XP_INTRINSIC inline void __bang_maxpool_index(I* dst, const T* src, int channel, int height, int width, \
                                                int kernel_height, int kernel_width, int stride_width, \
                                                int stride_height) {                       \
    XP_POOL_RULES_INDEX;                                                                   \
    for (int oh = 0; oh < (height - kernel_height) / stride_height + 1; ++oh) {            \
      for (int ow = 0; ow < (width - kernel_width) / stride_width + 1; ++ow) {             \
        for (int c = 0; c < channel; ++c) {                                                \
          float acc = XP_POOL_CORNER;                                                      \
          int at = 0;                                                                      \
          for (int kh = 0; kh < kernel_height; ++kh) {                                     \
            for (int kw = 0; kw < kernel_width; ++kw) {                                    \
              float v = (float)src[((oh * stride_height + kh) * width + ow * stride_width + kw) * channel + c]; \
              if (v > acc) {                                                               \
                acc = v;                                                                   \
                at = kh * kernel_width + kw;                                               \
              }                                                                            \
            }                                                                              \
          }                                                                                \
          dst[(oh * ((width - kernel_width) / stride_width + 1) + ow) * channel + c] = (I)at; \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
  }
#define XP_POOL_RULES_INDEX XP_POOL_RULES
XP_POOL_INDEX(unsigned, float)
XP_POOL_INDEX(unsigned short, half)
#undef XP_POOL_RULES_INDEX
#undef XP_POOL_INDEX
#undef XP_POOL_CORNER
#undef XP_POOL_RULES

// Both: the values at dst, the positions `value_index_stride` bytes behind them.
#if __BANG_ARCH__ >= 300
#define XP_POOL_BOTH(I, T)                                                                                   \
  inline void __bang_maxpool_value_index(T* dst, const T* src, int channel, int height, int width,           \
                                         int kernel_height, int kernel_width, int stride_width,              \
                                         int stride_height, int value_index_stride) {                        \
    __bang_maxpool_index((I*)((char*)dst + value_index_stride), src, channel, height, width, kernel_height,  \
                         kernel_width, stride_width, stride_height);                                         \
    __bang_maxpool(dst, src, channel, height, width, kernel_height, kernel_width, stride_width, stride_height); \
  }
XP_POOL_BOTH(unsigned, float)
XP_POOL_BOTH(unsigned short, half)
#undef XP_POOL_BOTH
#endif
