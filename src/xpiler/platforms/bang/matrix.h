// Matrix multiplication and convolution with weights in WRAM (sec 3.12, 3.20). A weight tensor is logically
// [outputs][row] and must have been brought into lane order by __bang_reshape_filter and copied to WRAM whole; outputs
// are padded to a multiple of 64 and rows to a multiple of 64 bytes.
#pragma once

// dst[m][n] = sum over k of src0[m][k] * src1[n][k]: src1 holds the right-hand matrix transposed. dst is overwritten.
#define XP_MATMUL(T)                                                                       \
  XP_INTRINSIC inline void __bang_matmul(float* dst, const T* src0, const T* src1, int M, int K, int N) { \
    XP_REQUIRE(M > 0 && K > 0 && N > 0, "sizes must be positive");                         \
    XP_IN_NRAM(src0, M * K);                                                               \
    XP_IN_WRAM(src1, N * K);                                                               \
    XP_RESHAPED(src1, N, K);                                                               \
    XP_OUT_NRAM(dst, M * N);                                                               \
    XP_APART(dst, M * N, src0, M * K);                                                     \
    for (int m = 0; m < M; ++m) {                                                          \
      for (int n = 0; n < N; ++n) {                                                        \
        float sum = 0.0f;                                                                  \
        for (int k = 0; k < K; ++k) {                                                      \
          sum += (float)src0[m * K + k] * (float)src1[n * K + k];                          \
        }                                                                                  \
        dst[m * N + n] = sum;                                                              \
      }                                                                                    \
    }                                                                                      \
  }
XP_MATMUL(float)
XP_MATMUL(half)
XP_MATMUL(bfloat16_t)
#undef XP_MATMUL

// Integer operands: products are summed in 32 bits and scaled by 2^fix_position.
#define XP_MATMUL_FIXED(T, T1, T2)                                                         \
  XP_INTRINSIC inline void __bang_matmul(T* dst, const T1* src0, const T2* src1, int M, int K, int N, \
                                         int fix_position) {                               \
    XP_REQUIRE(M > 0 && K > 0 && N > 0, "sizes must be positive");                         \
    XP_REQUIRE(fix_position >= -127 && fix_position <= 127, "fix_position is outside [-127, 127]"); \
    XP_IN_NRAM(src0, M * K);                                                               \
    XP_IN_WRAM(src1, N * K);                                                               \
    XP_RESHAPED(src1, N, K);                                                               \
    XP_OUT_NRAM(dst, M * N);                                                               \
    for (int m = 0; m < M; ++m) {                                                          \
      for (int n = 0; n < N; ++n) {                                                        \
        int sum = 0;                                                                       \
        for (int k = 0; k < K; ++k) {                                                      \
          sum += (int)src0[m * K + k] * (int)src1[n * K + k];                              \
        }                                                                                  \
        dst[m * N + n] = (T)((float)sum * exp2f((float)fix_position));                     \
      }                                                                                    \
    }                                                                                      \
  }

// dst[h] = sum over w of filter[h][w] * src[w]
#define XP_MLP(T)                                                                          \
  XP_INTRINSIC inline void __bang_mlp(float* dst, const T* src, const T* filter, int height, int width) { \
    XP_COUNT(height);                                                                      \
    XP_COUNT(width);                                                                       \
    XP_IN_NRAM(src, width);                                                                \
    XP_IN_WRAM(filter, height * width);                                                    \
    XP_RESHAPED(filter, height, width);                                                    \
    XP_OUT_NRAM(dst, height);                                                              \
    XP_APART(dst, height, src, width);                                                     \
    for (int h = 0; h < height; ++h) {                                                     \
      float sum = 0.0f;                                                                    \
      for (int w = 0; w < width; ++w) {                                                    \
        sum += (float)filter[h * width + w] * (float)src[w];                               \
      }                                                                                    \
      dst[h] = sum;                                                                        \
    }                                                                                      \
  }
XP_MLP(float)
XP_MLP(half)
XP_MLP(bfloat16_t)
#undef XP_MLP

#define XP_MLP_FIXED(T, T1, T2)                                                            \
  XP_INTRINSIC inline void __bang_mlp(T* dst, const T1* src, const T2* filter, int height, int width, \
                                      int fix_position) {                                  \
    XP_COUNT(height);                                                                      \
    XP_COUNT(width);                                                                       \
    XP_REQUIRE(fix_position >= -127 && fix_position <= 127, "fix_position is outside [-127, 127]"); \
    XP_IN_NRAM(src, width);                                                                \
    XP_IN_WRAM(filter, height * width);                                                    \
    XP_RESHAPED(filter, height, width);                                                    \
    XP_OUT_NRAM(dst, height);                                                              \
    for (int h = 0; h < height; ++h) {                                                     \
      int sum = 0;                                                                         \
      for (int w = 0; w < width; ++w) {                                                    \
        sum += (int)filter[h * width + w] * (int)src[w];                                   \
      }                                                                                    \
      dst[h] = (T)((float)sum * exp2f((float)fix_position));                               \
    }                                                                                      \
  }                                                                                        \
  XP_INTRINSIC inline void __bang_mlp(T* dst, const T1* src, const T* bias, const T2* filter, int height, \
                                      int width, int fix_position) {                       \
    XP_COUNT(height);                                                                      \
    XP_COUNT(width);                                                                       \
    XP_REQUIRE(fix_position >= -127 && fix_position <= 127, "fix_position is outside [-127, 127]"); \
    XP_IN_NRAM(src, width);                                                                \
    XP_IN_NRAM(bias, height);                                                              \
    XP_IN_WRAM(filter, height * width);                                                    \
    XP_RESHAPED(filter, height, width);                                                    \
    XP_OUT_NRAM(dst, height);                                                              \
    for (int h = 0; h < height; ++h) {                                                     \
      int sum = 0;                                                                         \
      for (int w = 0; w < width; ++w) {                                                    \
        sum += (int)filter[h * width + w] * (int)src[w];                                   \
      }                                                                                    \
      dst[h] = (T)((float)sum * exp2f((float)fix_position) + (float)bias[h]);              \
    }                                                                                      \
  }

// dst[oh][ow][co] = sum over kh, kw, ci of src[oh*sh + kh][ow*sw + kw][ci] * kernel[co][kh][kw][ci], without padding.
#define XP_CONV_RULES                                                                      \
  XP_REQUIRE(channel_input > 0 && kernel_height > 0 && kernel_width > 0 && channel_output > 0, \
             "sizes must be positive");                                                    \
  XP_REQUIRE(stride_width > 0 && stride_width < 1024 && stride_height > 0 && stride_height < 1024, \
             "strides must be in [1, 1023]");                                              \
  XP_REQUIRE(height >= kernel_height && width >= kernel_width, "the window is larger than the tensor"); \
  XP_IN_NRAM(src, height * width * channel_input);                                         \
  XP_IN_WRAM(kernel, channel_output * kernel_height * kernel_width * channel_input);       \
  XP_RESHAPED(kernel, channel_output, kernel_height * kernel_width * channel_input);       \
  XP_OUT_NRAM(dst, ((height - kernel_height) / stride_height + 1) *                        \
                       ((width - kernel_width) / stride_width + 1) * channel_output);      \
  XP_APART(dst, ((height - kernel_height) / stride_height + 1) *                           \
                    ((width - kernel_width) / stride_width + 1) * channel_output,          \
           src, height * width * channel_input)
#define XP_CONV_LOOPS(A, last)                                                             \
  for (int oh = 0; oh < (height - kernel_height) / stride_height + 1; ++oh) {              \
    for (int ow = 0; ow < (width - kernel_width) / stride_width + 1; ++ow) {               \
      for (int co = 0; co < channel_output; ++co) {                                        \
        A sum = (A)0;                                                                      \
        for (int kh = 0; kh < kernel_height; ++kh) {                                       \
          for (int kw = 0; kw < kernel_width; ++kw) {                                      \
            for (int ci = 0; ci < channel_input; ++ci) {                                   \
              sum += (A)src[((oh * stride_height + kh) * width + ow * stride_width + kw) * channel_input + ci] * \
                     (A)kernel[((co * kernel_height + kh) * kernel_width + kw) * channel_input + ci]; \
            }                                                                              \
          }                                                                                \
        }                                                                                  \
        dst[(oh * ((width - kernel_width) / stride_width + 1) + ow) * channel_output + co] = last; \
      }                                                                                    \
    }                                                                                      \
  }
#define XP_CONV(T)                                                                         \
  XP_INTRINSIC inline void __bang_conv(float* dst, const T* src, const T* kernel, int channel_input, \
                                       int height, int width, int kernel_height, int kernel_width, \
                                       int stride_width, int stride_height, int channel_output) { \
    XP_CONV_RULES;                                                                         \
    XP_CONV_LOOPS(float, sum)                                                              \
  }
XP_CONV(float)
XP_CONV(half)
XP_CONV(bfloat16_t)
#undef XP_CONV
#define XP_CONV_FIXED(T, T1, T2)                                                           \
  XP_INTRINSIC inline void __bang_conv(T* dst, const T1* src, const T2* kernel, int channel_input, \
                                       int height, int width, int kernel_height, int kernel_width, \
                                       int stride_width, int stride_height, int channel_output, \
                                       int fix_position) {                                 \
    XP_REQUIRE(fix_position >= -127 && fix_position <= 127, "fix_position is outside [-127, 127]"); \
    XP_CONV_RULES;                                                                         \
    XP_CONV_LOOPS(int, (T)((float)sum * exp2f((float)fix_position)))                       \
  }

// The type combinations of the fixed-point forms.
#define XP_FIXED(M)                                                                        \
  M(float, int8_t, int8_t) M(float, int16_t, int8_t) M(float, int16_t, int16_t)            \
  M(half, int8_t, int8_t) M(half, int16_t, int8_t) M(half, int16_t, int16_t)               \
  M(int16_t, int8_t, int8_t) M(int16_t, int16_t, int8_t) M(int16_t, int16_t, int16_t)
XP_FIXED(XP_MATMUL_FIXED)
XP_FIXED(XP_MLP_FIXED)
XP_FIXED(XP_CONV_FIXED)
#undef XP_FIXED
#undef XP_MATMUL_FIXED
#undef XP_MLP_FIXED
#undef XP_CONV_FIXED
#undef XP_CONV_RULES
#undef XP_CONV_LOOPS
