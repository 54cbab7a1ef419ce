// A two-dimensional array passed where the vendor takes `void*`: the copy or fill is of its elements.
#pragma once

#define XP_ROWS_COPY(name)                                                                            \
  template <class T, class... A, int N>                                                               \
  inline void name(T (*dst)[N], const T* src, int size, mluMemcpyDirection_t dir, A... strides) {     \
    name(&dst[0][0], src, size, dir, strides...);                                                     \
  }                                                                                                   \
  template <class T, class U, class... A, int N>                                                      \
  inline void name(T* dst, U (*src)[N], int size, mluMemcpyDirection_t dir, A... strides) {           \
    name(dst, &src[0][0], size, dir, strides...);                                                     \
  }                                                                                                   \
  template <class T, class U, class... A, int N, int M>                                               \
  inline void name(T (*dst)[N], U (*src)[M], int size, mluMemcpyDirection_t dir, A... strides) {      \
    name(&dst[0][0], &src[0][0], size, dir, strides...);                                              \
  }
XP_ROWS_COPY(__memcpy)
XP_ROWS_COPY(__memcpy_async)
#undef XP_ROWS_COPY

#define XP_ROWS_FILL(name)                                  \
  template <class T, class V, int N>                        \
  inline void name(T (*dst)[N], int elem_count, V value) {  \
    name(&dst[0][0], elem_count, value);                    \
  }
XP_ROWS_FILL(__bang_write_value)
XP_ROWS_FILL(__memset_nram)
XP_ROWS_FILL(__memset_nram_async)
XP_ROWS_FILL(__nramset)
#undef XP_ROWS_FILL
