// Copies and fills (sec 3.1 to 3.4, 3.7, 3.8). Sizes and strides count bytes; segnum is the number of segments less one.
#pragma once

#ifdef XP_READING
#define XP_DIRECTION(dst, dst_bytes, src, src_bytes, dir)
#else
#include "direction.h"
#endif

// Contiguous copy: size bytes from src to dst, dir naming the real spaces of both.
#define XP_COPY_1D(name)                                                                  \
  template <class T>                                                                      \
  XP_INTRINSIC inline void name(T* dst, const T* src, int size, mluMemcpyDirection_t dir) { \
    XP_DIRECTION(dst, size, src, size, dir);                                              \
    XP_REQUIRE(size > 0, "a copy moves at least one byte");                               \
    XP_REQUIRE(size % (int)sizeof(T) == 0, "a copy of a fraction of an element");         \
    XP_REQUIRE(size % 16 == 0 || !xp_copy::wram_end(dir), "a copy to or from WRAM moves multiples of 16 bytes"); \
    XP_MOVED(dst, src, size);                                                             \
    for (int i = 0; i < size / (int)sizeof(T); ++i) {                                     \
      dst[i] = src[i];                                                                    \
    }                                                                                     \
  }

// Strided copy: segnum + 1 segments of size bytes, their starts dst_stride and src_stride bytes apart.
#define XP_COPY_2D(name)                                                                  \
  template <class T>                                                                      \
  XP_INTRINSIC inline void name(T* dst, const T* src, int size, mluMemcpyDirection_t dir, \
                                int dst_stride, int src_stride, int segnum) {             \
    XP_REQUIRE(size > 0 && segnum >= 0, "a copy moves at least one byte");                \
    XP_REQUIRE(size % (int)sizeof(T) == 0 && dst_stride % (int)sizeof(T) == 0 &&          \
                   src_stride % (int)sizeof(T) == 0,                                      \
               "a copy of a fraction of an element");                                     \
    XP_REQUIRE(segnum == 0 || dst_stride >= size, "dst_stride is smaller than a segment"); \
    XP_DIRECTION(dst, segnum * dst_stride + size, src, segnum * src_stride + size, dir);  \
    XP_MOVED(dst, dst, segnum * dst_stride + size);                                       \
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
    XP_REQUIRE(size > 0, "a copy moves at least one byte");                               \
    XP_REQUIRE((dst_segnum1 + 1) * (dst_segnum2 + 1) == (src_segnum1 + 1) * (src_segnum2 + 1), \
               "source and destination have different numbers of segments");              \
    XP_REQUIRE(size % (int)sizeof(T) == 0 && dst_stride0 % (int)sizeof(T) == 0 &&         \
                   dst_stride1 % (int)sizeof(T) == 0 && src_stride0 % (int)sizeof(T) == 0 && \
                   src_stride1 % (int)sizeof(T) == 0,                                     \
               "a copy of a fraction of an element");                                     \
    XP_DIRECTION(dst, dst_segnum2 * dst_stride1 + dst_segnum1 * dst_stride0 + size, src,  \
                 src_segnum2 * src_stride1 + src_segnum1 * src_stride0 + size, dir);      \
    XP_MOVED(dst, dst, dst_segnum2 * dst_stride1 + dst_segnum1 * dst_stride0 + size);     \
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
#ifdef XP_READING
XP_INTRINSIC void __memcpy(void* dst, const void* src, int size, mluMemcpyDirection_t dir);
XP_INTRINSIC void __memcpy_async(void* dst, const void* src, int size, mluMemcpyDirection_t dir);
XP_INTRINSIC void __memcpy(void* dst, const void* src, int size, mluMemcpyDirection_t dir, int dst_stride,
                           int src_stride, int segnum);
XP_INTRINSIC void __memcpy_async(void* dst, const void* src, int size, mluMemcpyDirection_t dir,
                                 int dst_stride, int src_stride, int segnum);
#else
inline void __memcpy(void* dst, const void* src, int size, mluMemcpyDirection_t dir) {
  XP_REQUIRE(size > 0, "a copy moves at least one byte");
  __memcpy((char*)dst, (const char*)src, size, dir);
}
inline void __memcpy_async(void* dst, const void* src, int size, mluMemcpyDirection_t dir) {
  __memcpy(dst, src, size, dir);
}
inline void __memcpy(void* dst, const void* src, int size, mluMemcpyDirection_t dir, int dst_stride,
                     int src_stride, int segnum) {
  __memcpy((char*)dst, (const char*)src, size, dir, dst_stride, src_stride, segnum);
}
inline void __memcpy_async(void* dst, const void* src, int size, mluMemcpyDirection_t dir, int dst_stride,
                           int src_stride, int segnum) {
  __memcpy(dst, src, size, dir, dst_stride, src_stride, segnum);
}
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

// Fills: the element's width is that of the value, so a value of another type fits only if it is zero.
#define XP_FILL(name, where)                                                    \
  template <class T>                                                            \
  XP_INTRINSIC inline void name(T* dst, int elem_count, T value) {              \
    where(dst, elem_count);                                                     \
    XP_COUNT(elem_count);                                                       \
    for (int i = 0; i < elem_count; ++i) {                                      \
      dst[i] = value;                                                           \
    }                                                                           \
  }                                                                             \
  template <class T, class V>                                                   \
  XP_INTRINSIC inline void name(T* dst, int elem_count, V value) {              \
    where(dst, elem_count);                                                     \
    XP_COUNT(elem_count);                                                       \
    XP_REQUIRE(sizeof(T) == sizeof(V) && value == V(0),                         \
               "the value's type is not the buffer's: its bits are written");   \
    for (int i = 0; i < elem_count; ++i) {                                      \
      dst[i] = (T)value;                                                        \
    }                                                                           \
  }
#ifdef XP_READING
#define XP_OUT_GDRAM(p, count)
#define XP_OUT_SRAM(p, count)
#else
#define XP_OUT_GDRAM(p, count) \
  XP_REQUIRE(xp::in_space(p, sizeof(*(p)) * std::size_t(count), "global"), "`" #p "` is not in GDRAM")
#define XP_OUT_SRAM(p, count) \
  XP_REQUIRE(xp::in_space(p, sizeof(*(p)) * std::size_t(count), "sram"), "`" #p "` is not in SRAM")
#endif
XP_FILL(__bang_write_value, XP_OUT_NRAM)
XP_FILL(__memset_nram, XP_OUT_NRAM)
XP_FILL(__memset_nram_async, XP_OUT_NRAM)
XP_FILL(__nramset, XP_OUT_NRAM)
XP_FILL(__nramset_async, XP_OUT_NRAM)
XP_FILL(__gdramset, XP_OUT_GDRAM)
XP_FILL(__sramset, XP_OUT_SRAM)
#undef XP_FILL

template <class T>
XP_INTRINSIC inline void __bang_write_zero(T* dst, int elem_count) {
  XP_OUT_NRAM(dst, elem_count);
  XP_COUNT(elem_count);
  for (int i = 0; i < elem_count; ++i) {
    dst[i] = (T)0;
  }
}

// Scalar loads and stores that name the space (sec 3.25).
#define XP_SCALAR_ACCESS(space)                                          \
  template <class T>                                                     \
  inline T __load_##space(const T* src) { return src[0]; }               \
  template <class T>                                                     \
  inline void __store_##space(T* dst, T value) { dst[0] = value; }
XP_SCALAR_ACCESS(nram)
XP_SCALAR_ACCESS(gdram)
XP_SCALAR_ACCESS(sram)
XP_SCALAR_ACCESS(ldram)
#undef XP_SCALAR_ACCESS
