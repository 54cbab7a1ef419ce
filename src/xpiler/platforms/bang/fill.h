// Fills (sec 3.2, 3.4, 3.8) and scalar accesses that name a space (sec 3.25). Strides count bytes; segnum is the number
// of segments less one.
#pragma once

// The element's width is that of the value: a value of another type fits only if it is zero, or both are whole numbers.
#ifdef XP_READING
#define XP_FITTING(T, V, value)
#define XP_OUT_GDRAM(p, count)
#define XP_OUT_LDRAM(p, count)
#define XP_OUT_SRAM(p, count)
#else
template <class T>
constexpr std::size_t xp_width = std::is_same_v<T, double> ? 4 : sizeof(T);  // a double stands for a float
#define XP_FITTING(T, V, value)                                                                        \
  XP_REQUIRE(xp_width<T> == xp_width<V> &&                                                             \
                 ((std::is_integral_v<T> && std::is_integral_v<V>) || std::is_same_v<T, V> || value == V(0)), \
             "the value's type is not the buffer's: its bits are written")
#define XP_PLACED(p, count, place, name)                                                               \
  XP_REQUIRE(xp_copy::lies(p, sizeof(*(p)) * std::size_t(count), xp_copy::place), "`" #p "` is not in " name)
#define XP_OUT_GDRAM(p, count) XP_PLACED(p, count, GDRAM, "GDRAM")
#define XP_OUT_LDRAM(p, count) XP_PLACED(p, count, LDRAM, "LDRAM")
#define XP_OUT_SRAM(p, count) XP_PLACED(p, count, SRAM, "SRAM")
#endif

#define XP_FILL(name, where)                                                    \
  template <class T, class V>                                                   \
  XP_INTRINSIC inline void name(T* dst, int elem_count, V value) {              \
    XP_COUNT(elem_count);                                                       \
    XP_WHOLE_2XX(elem_count * (int)sizeof(T), 64, "`elem_count` in bytes");     \
    where(dst, elem_count);                                                     \
    XP_FITTING(T, V, value);                                                    \
    for (int i = 0; i < elem_count; ++i) {                                      \
      dst[i] = (T)value;                                                        \
    }                                                                           \
  }
#define XP_FILL_STRIDED(name, where)                                            \
  template <class T, class V>                                                   \
  XP_INTRINSIC inline void name(T* dst, int elem_count, V value, int stride, int segnum) { \
    XP_COUNT(elem_count);                                                       \
    where(dst, segnum * (stride / (int)sizeof(T)) + elem_count);                \
    XP_FITTING(T, V, value);                                                    \
    for (int s = 0; s < segnum + 1; ++s) {                                      \
      for (int i = 0; i < elem_count; ++i) {                                    \
        dst[s * (stride / (int)sizeof(T)) + i] = (T)value;                      \
      }                                                                         \
    }                                                                           \
  }
#define XP_FILL_TWICE(name, where)                                              \
  template <class T, class V>                                                   \
  XP_INTRINSIC inline void name(T* dst, int elem_count, V value, int stride0, int segnum1, int stride1, \
                                int segnum2) {                                  \
    XP_COUNT(elem_count);                                                       \
    where(dst, segnum2 * (stride1 / (int)sizeof(T)) + segnum1 * (stride0 / (int)sizeof(T)) + elem_count); \
    XP_FITTING(T, V, value);                                                    \
    for (int o = 0; o < segnum2 + 1; ++o) {                                     \
      for (int s = 0; s < segnum1 + 1; ++s) {                                   \
        for (int i = 0; i < elem_count; ++i) {                                  \
          dst[o * (stride1 / (int)sizeof(T)) + s * (stride0 / (int)sizeof(T)) + i] = (T)value; \
        }                                                                       \
      }                                                                         \
    }                                                                           \
  }
#define XP_FILLS(name, where) XP_FILL(name, where) XP_FILL_STRIDED(name, where) XP_FILL_TWICE(name, where)
XP_FILL(__bang_write_value, XP_OUT_NRAM)
XP_FILL_TWICE(__bang_write_value, XP_OUT_NRAM)
XP_FILL(__memset_nram, XP_OUT_NRAM)
XP_FILLS(__nramset, XP_OUT_NRAM)
XP_FILLS(__gdramset, XP_OUT_GDRAM)
XP_FILLS(__ldramset, XP_OUT_LDRAM)
XP_FILLS(__sramset, XP_OUT_SRAM)
#ifdef XP_READING
XP_FILL(__memset_nram_async, XP_OUT_NRAM)
XP_FILLS(__nramset_async, XP_OUT_NRAM)
#else
#define XP_FILL_LATER(name)                                                                     \
  template <class T, class V>                                                                   \
  inline void name(T* dst, int elem_count, V value, int stride = 0, int segnum = 0) {           \
    XP_COUNT(elem_count);                                                                       \
    XP_NRAM(dst, segnum * (stride / (int)sizeof(T)) + elem_count);                              \
    XP_FITTING(T, V, value);                                                                    \
    xp_queue::Area area{(const char*)dst, std::ptrdiff_t(elem_count * sizeof(T)), stride, segnum + 1}; \
    XP_FREE(dst, area, xp_queue::MOVE, true, "in use in another queue");                        \
    T one = (T)value;                                                                           \
    xp_queue::fill(area, &one, sizeof(T));                                                      \
    xp_tags::forget(dst, std::size_t(segnum) * stride + elem_count * sizeof(T));                \
  }                                                                                             \
  template <class T, class V>                                                                   \
  inline void name(T* dst, int elem_count, V value, int stride0, int segnum1, int stride1, int segnum2) { \
    for (int o = 0; o < segnum2 + 1; ++o) {                                                     \
      name((T*)((char*)dst + o * stride1), elem_count, value, stride0, segnum1);                \
    }                                                                                           \
  }
XP_FILL_LATER(__memset_nram_async)
XP_FILL_LATER(__nramset_async)
#undef XP_FILL_LATER
#undef XP_PLACED
#endif
#undef XP_FILL
#undef XP_FILL_STRIDED
#undef XP_FILL_TWICE
#undef XP_FILLS
#undef XP_FITTING

template <class T>
XP_INTRINSIC inline void __bang_write_zero(T* dst, int elem_count) {
  XP_OUT_NRAM(dst, elem_count);
  XP_COUNT(elem_count);
  for (int i = 0; i < elem_count; ++i) {
    dst[i] = (T)0;
  }
}

// Scalar loads and stores that name the space.
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
