// Selecting elements (sec 3.14, 4.45).
#pragma once

// The src[i] whose index[i] is not zero, packed to the front of dst; returns how many.
#define XP_FILTER(T, name)                                                              \
  XP_INTRINSIC inline unsigned name(T* dst, const T* src, const T* index, int elem_count) { \
    XP_IN_NRAM(src, elem_count);                                                        \
    XP_IN_NRAM(index, elem_count);                                                      \
    XP_OUT_NRAM(dst, elem_count);                                                       \
    XP_COUNT(elem_count);                                                               \
    unsigned kept = 0;                                                                  \
    for (int i = 0; i < elem_count; ++i) {                                              \
      if (index[i] != 0) {                                                              \
        dst[kept] = src[i];                                                             \
        kept = kept + 1u;                                                               \
      }                                                                                 \
    }                                                                                   \
    XP_DONE;                                                                            \
    return kept;                                                                        \
  }
XP_FLOATS(XP_FILTER, __bang_filter)
#undef XP_FILTER

// The same without the count (deprecated).
#define XP_COLLECT(T, name)                                                             \
  XP_INTRINSIC inline void name(T* dst, const T* src, const T* mask, int elem_count) {  \
    XP_IN_NRAM(src, elem_count);                                                        \
    XP_IN_NRAM(mask, elem_count);                                                       \
    XP_OUT_NRAM(dst, elem_count);                                                       \
    XP_COUNT(elem_count);                                                               \
    int kept = 0;                                                                       \
    for (int i = 0; i < elem_count; ++i) {                                              \
      if (mask[i] != 0) {                                                               \
        dst[kept] = src[i];                                                             \
        kept = kept + 1;                                                                \
      }                                                                                 \
    }                                                                                   \
  }
XP_FLOATS(XP_COLLECT, __bang_collect)
#undef XP_COLLECT

// Keeps dst[i] where the mask is zero (the element form, deprecated).
#define XP_MASKMOVE(T, name)                                                            \
  XP_INTRINSIC inline void name(T* dst, const T* src, const T* mask, int elem_count) {  \
    XP_IN_NRAM(src, elem_count);                                                        \
    XP_IN_NRAM(mask, elem_count);                                                       \
    XP_OUT_NRAM(dst, elem_count);                                                       \
    XP_COUNT(elem_count);                                                               \
    for (int i = 0; i < elem_count; ++i) {                                              \
      if (mask[i] != 0) {                                                               \
        dst[i] = src[i];                                                                \
      }                                                                                 \
    }                                                                                   \
  }
XP_FLOATS(XP_MASKMOVE, __bang_maskmove)
#undef XP_MASKMOVE

// A table look-up; an index past the table leaves dst[i] as it is.
#define XP_LUT(T, I)                                                                    \
  XP_INTRINSIC inline void __bang_lut(T* dst, const I* index, const T* table, int elem_count, int table_length) { \
    XP_COUNT(elem_count);                                                               \
    XP_COUNT(table_length);                                                             \
    XP_WHOLE(table_length, 64, "`table_length`");                                       \
    XP_WHOLE_2XX(elem_count, 64, "`elem_count`");                                       \
    XP_APART(dst, elem_count, table, table_length);                                     \
    XP_APART((const char*)dst, elem_count * (int)sizeof(T), (const char*)index, elem_count * (int)sizeof(I)); \
    XP_IN_NRAM(index, elem_count);                                                      \
    XP_IN_NRAM(table, table_length);                                                    \
    XP_OUT_NRAM(dst, elem_count);                                                       \
    for (int i = 0; i < elem_count; ++i) {                                              \
      if ((int)index[i] < table_length) {                                               \
        dst[i] = table[(int)index[i]];                                                  \
      }                                                                                 \
    }                                                                                   \
  }
#if __BANG_ARCH__ != 270 && __BANG_ARCH__ != 290
XP_LUT(int32_t, unsigned)
XP_LUT(int32_t, uint16_t)
XP_LUT(int32_t, uint8_t)
XP_LUT(int16_t, uint16_t)
XP_LUT(int16_t, uint8_t)
#endif
#undef XP_LUT
