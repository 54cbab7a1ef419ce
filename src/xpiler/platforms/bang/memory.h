// Copies (sec 3.1, 3.3, 3.7). Sizes and strides count bytes; segnum is the number of segments less one.
#pragma once

#ifdef XP_READING
// Contiguous copy: size bytes from src to dst, dir naming the real spaces of both; of integers with and without a
// sign, too.
#define XP_COPY_1D(name)                                                                  \
  template <class T>                                                                      \
  XP_INTRINSIC inline void name(T* dst, const T* src, int size, mluMemcpyDirection_t dir) { \
    for (int i = 0; i < size / (int)sizeof(T); ++i) {                                     \
      dst[i] = src[i];                                                                    \
    }                                                                                     \
  }                                                                                       \
  template <class T, class U, int = 1 / (__is_integral(T) && __is_integral(U) && sizeof(T) == sizeof(U))> \
  XP_INTRINSIC inline void name(T* dst, const U* src, int size, mluMemcpyDirection_t dir) { \
    for (int i = 0; i < size / (int)sizeof(T); ++i) {                                     \
      dst[i] = (T)src[i];                                                                 \
    }                                                                                     \
  }

// Strided copy: segnum + 1 segments of size bytes, their starts dst_stride and src_stride bytes apart.
#define XP_COPY_2D(name)                                                                  \
  template <class T>                                                                      \
  XP_INTRINSIC inline void name(T* dst, const T* src, int size, mluMemcpyDirection_t dir, \
                                int dst_stride, int src_stride, int segnum) {             \
    for (int s = 0; s < segnum + 1; ++s) {                                                \
      for (int i = 0; i < size / (int)sizeof(T); ++i) {                                   \
        dst[s * (dst_stride / (int)sizeof(T)) + i] = src[s * (src_stride / (int)sizeof(T)) + i]; \
      }                                                                                   \
    }                                                                                     \
  }

// Two levels of strides on each side; the k-th source block goes to the k-th destination block.
#define XP_COPY_3D(name)                                                                  \
  template <class T>                                                                      \
  XP_INTRINSIC inline void name(T* dst, const T* src, int size, mluMemcpyDirection_t dir, \
                                int dst_stride0, int dst_segnum1, int dst_stride1,        \
                                int dst_segnum2, int src_stride0, int src_segnum1,        \
                                int src_stride1, int src_segnum2) {                       \
    for (int k = 0; k < (src_segnum1 + 1) * (src_segnum2 + 1); ++k) {                     \
      for (int i = 0; i < size / (int)sizeof(T); ++i) {                                   \
        dst[k / (dst_segnum1 + 1) * (dst_stride1 / (int)sizeof(T)) +                      \
            k % (dst_segnum1 + 1) * (dst_stride0 / (int)sizeof(T)) + i] =                 \
            src[k / (src_segnum1 + 1) * (src_stride1 / (int)sizeof(T)) +                  \
                k % (src_segnum1 + 1) * (src_stride0 / (int)sizeof(T)) + i];              \
      }                                                                                   \
    }                                                                                     \
  }

XP_COPY_1D(__memcpy)
XP_COPY_2D(__memcpy)
XP_COPY_3D(__memcpy)
// The asynchronous forms have the same effect by the time a matching __sync* has returned.
XP_COPY_1D(__memcpy_async)
XP_COPY_2D(__memcpy_async)
XP_COPY_3D(__memcpy_async)
#undef XP_COPY_1D
#undef XP_COPY_2D
#undef XP_COPY_3D

// A copy between buffers of different element types moves bytes, which no typed loop says: it runs, but has no body.
XP_INTRINSIC void __memcpy(void* dst, const void* src, int size, mluMemcpyDirection_t dir);
XP_INTRINSIC void __memcpy_async(void* dst, const void* src, int size, mluMemcpyDirection_t dir);
XP_INTRINSIC void __memcpy(void* dst, const void* src, int size, mluMemcpyDirection_t dir, int dst_stride,
                           int src_stride, int segnum);
XP_INTRINSIC void __memcpy_async(void* dst, const void* src, int size, mluMemcpyDirection_t dir,
                                 int dst_stride, int src_stride, int segnum);
XP_INTRINSIC void __memcpy(void* dst, const void* src, int size, mluMemcpyDirection_t dir, int dst_stride0,
                           int dst_segnum1, int dst_stride1, int dst_segnum2, int src_stride0, int src_segnum1,
                           int src_stride1, int src_segnum2);
XP_INTRINSIC void __memcpy_async(void* dst, const void* src, int size, mluMemcpyDirection_t dir, int dst_stride0,
                                 int dst_segnum1, int dst_stride1, int dst_segnum2, int src_stride0,
                                 int src_segnum1, int src_stride1, int src_segnum2);
#else
#include "copy.h"
#endif

// NRAM to NRAM in the Compute queue.
template <class T>
XP_INTRINSIC inline void __bang_move(T* dst, const T* src, int size) {
  XP_IN_NRAM(src, size / (int)sizeof(T));
  XP_OUT_NRAM(dst, size / (int)sizeof(T));
  XP_COUNT(size);
  for (int i = 0; i < size / (int)sizeof(T); ++i) {
    dst[i] = src[i];
  }
}

template <class T>
XP_INTRINSIC inline void __bang_move(T* dst, const T* src, int size, int dst_stride, int src_stride,
                                     int segnum) {
  XP_IN_NRAM(src, (segnum * src_stride + size) / (int)sizeof(T));
  XP_OUT_NRAM(dst, (segnum * dst_stride + size) / (int)sizeof(T));
  XP_COUNT(size);
  for (int s = 0; s < segnum + 1; ++s) {
    for (int i = 0; i < size / (int)sizeof(T); ++i) {
      dst[s * (dst_stride / (int)sizeof(T)) + i] = src[s * (src_stride / (int)sizeof(T)) + i];
    }
  }
}

