// From a vector to few values (sec 3.24, 3.28).
#pragma once

// The sum of the whole vector, as a scalar.
#define XP_SUM(T, name)                                              \
  XP_INTRINSIC inline T name(const T* src, int elem_count) {         \
    XP_IN_NRAM(src, elem_count);                                     \
    XP_COUNT(elem_count);                                            \
    float sum = 0.0f;                                                \
    for (int i = 0; i < elem_count; ++i) {                           \
      sum += (float)src[i];                                          \
    }                                                                \
    XP_DONE;                                                         \
    return (T)sum;                                                   \
  }
#if __BANG_ARCH__ >= 500
XP_FLOATS(XP_SUM, __bang_sum)
#endif
#undef XP_SUM

// One partial sum for every 128 bytes, written to the block's first element; the block's others keep their values.
#define XP_REDUCE_SUM(T, block)                                                               \
  XP_INTRINSIC inline void __bang_reduce_sum(T* dst, const T* src, int elem_count) {          \
    XP_IN_NRAM(src, elem_count);                                                              \
    XP_OUT_NRAM(dst, elem_count);                                                             \
    XP_COUNT(elem_count);                                                                     \
    XP_REQUIRE(elem_count % block == 0, "`elem_count` must fill whole blocks of 128 bytes"); \
    for (int b = 0; b < elem_count / block; ++b) {                                            \
      float sum = 0.0f;                                                                       \
      for (int i = 0; i < block; ++i) {                                                       \
        sum += (float)src[b * block + i];                                                     \
      }                                                                                       \
      dst[b * block] = (T)sum;                                                                \
    }                                                                                         \
  }
XP_REDUCE_SUM(float, 32)
XP_REDUCE_SUM(half, 64)
#undef XP_REDUCE_SUM

// The extreme value goes to dst[0]; the index of its first occurrence, an unsigned, to the bytes right behind it.
// Where a program looks at these of a float array, the function with the index is read; of a half one it is not read.
#ifdef XP_READING
#define XP_STORE_INDEX(dst, at)
#define XP_WITH_INDEX(name, best)                                               \
  XP_NOTE("xp.bits") inline void name(float* dst, const float* src, int elem_count) { \
    float value = src[0];                                                       \
    for (int i = 0; i < elem_count; ++i) {                                      \
      value = best(value, src[i]);                                              \
    }                                                                           \
    int first = elem_count - 1;                                                 \
    for (int i = 0; i < elem_count; ++i) {                                      \
      int at = src[i] == value ? i : elem_count - 1;                            \
      first = at < first ? at : first;                                          \
    }                                                                           \
    dst[0] = value;                                                             \
    ((unsigned*)dst)[1] = (unsigned)first;                                      \
  }
XP_WITH_INDEX(xp_with_index_fmaxf, fmaxf)
XP_WITH_INDEX(xp_with_index_fminf, fminf)
#undef XP_WITH_INDEX
void xp_with_index_fmaxf(half* dst, const half* src, int elem_count);
void xp_with_index_fminf(half* dst, const half* src, int elem_count);
#define XP_BITS(best) if (false) xp_with_index_##best(dst, src, elem_count)
#else
#define XP_BITS(best)
#define XP_STORE_INDEX(dst, at)        \
  unsigned index = unsigned(at);       \
  XP_OUT_NRAM(dst, 1);                 \
  XP_REQUIRE(xp::in_space(dst + 1, sizeof index, "nram"), "no room for the index behind `" #dst "`"); \
  std::memcpy((void*)(dst + 1), &index, sizeof index)
#endif
#define XP_EXTREME(T, name, better, best)                                 \
  XP_INTRINSIC inline void name(T* dst, const T* src, int elem_count) {   \
    XP_IN_NRAM(src, elem_count);                                          \
    XP_COUNT(elem_count);                                                 \
    float value = (float)src[0];                                          \
    for (int i = 0; i < elem_count; ++i) {                                \
      value = best(value, (float)src[i]);                                 \
    }                                                                     \
    XP_FIRST(value, better)                                               \
    dst[0] = (T)value;                                                    \
    XP_STORE_INDEX(dst, first);                                           \
    XP_BITS(best);                                                        \
  }
#ifdef XP_READING
#define XP_FIRST(value, better)
#else
#define XP_FIRST(value, better) \
  int first = 0;                \
  while (first < elem_count - 1 && !((float)src[first] == value)) ++first;
#endif
#if __BANG_ARCH__ >= 300
XP_FLOATS(XP_EXTREME, __bang_argmax, >, fmaxf)
XP_FLOATS(XP_EXTREME, __bang_argmin, <, fminf)
#endif
XP_FLOATS(XP_EXTREME, __bang_max, >, fmaxf)
XP_FLOATS(XP_EXTREME, __bang_min, <, fminf)
#undef XP_EXTREME
#undef XP_FIRST
#undef XP_STORE_INDEX
#undef XP_BITS

// How many elements are not zero; where the first and the last of them are (0xffffffff when there is none).
#define XP_COUNTING(T, name)                                                  \
  XP_INTRINSIC inline unsigned __bang_count(const T* src, int elem_count) {   \
    XP_IN_NRAM(src, elem_count);                                              \
    XP_COUNT(elem_count);                                                     \
    unsigned count = 0;                                                       \
    for (int i = 0; i < elem_count; ++i) {                                    \
      count += src[i] != 0 ? 1u : 0u;                                         \
    }                                                                         \
    XP_DONE;                                                                  \
    return count;                                                             \
  }                                                                           \
  XP_INTRINSIC inline unsigned __bang_findfirst1(const T* src, int elem_count) { \
    XP_IN_NRAM(src, elem_count);                                              \
    XP_COUNT(elem_count);                                                     \
    unsigned at = 0xffffffffu;                                                \
    for (int i = 0; i < elem_count; ++i) {                                    \
      if (src[i] != 0 && at == 0xffffffffu) {                                 \
        at = (unsigned)i;                                                     \
      }                                                                       \
    }                                                                         \
    XP_DONE;                                                                  \
    return at;                                                                \
  }                                                                           \
  XP_INTRINSIC inline unsigned __bang_findlast1(const T* src, int elem_count) { \
    XP_IN_NRAM(src, elem_count);                                              \
    XP_COUNT(elem_count);                                                     \
    unsigned at = 0xffffffffu;                                                \
    for (int i = 0; i < elem_count; ++i) {                                    \
      if (src[i] != 0) {                                                      \
        at = (unsigned)i;                                                     \
      }                                                                       \
    }                                                                         \
    XP_DONE;                                                                  \
    XP_DONE;                                                                  \
    return at;                                                                \
  }
XP_FLOATS(XP_COUNTING, )
#undef XP_COUNTING
