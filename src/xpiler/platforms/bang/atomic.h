// Read-modify-write on global memory (sec 3.5, 3.13), and the debug print.
#pragma once

#ifdef XP_READING
#define XP_GLOBAL(p, count)
#else
#define XP_GLOBAL(p, count)                                                              \
  XP_REQUIRE(xp::in_space(p, sizeof(*(p)) * std::size_t(count), "global"),               \
             "`" #p "` is not in GDRAM, or the access reaches over its end")
#endif

// dst[i] = op(dst[i], src[i]), dst in GDRAM; the operand a vector in NRAM or one scalar.
#ifdef XP_READING
#define XP_ATOMIC(T, op, name, value)                                     \
  XP_PRIMITIVE("atomic." #op) void name(T* dst, T src1, int size = 1);    \
  XP_INTRINSIC inline void name(T* dst, const T* src1, int size) {        \
    for (int i = 0; i < size; ++i) {                                      \
      name(dst + i, src1[i], 1);                                          \
    }                                                                     \
  }
#else
#define XP_ATOMIC(T, op, name, value)                                     \
  inline void name(T* dst, T src1, int size = 1) {                        \
    XP_COUNT(size);                                                       \
    XP_GLOBAL(dst, size);                                                 \
    for (int i = 0; i < size; ++i) {                                      \
      T old = dst[i], other = src1;                                       \
      dst[i] = (T)(value);                                                \
    }                                                                     \
  }                                                                       \
  inline void name(T* dst, const T* src1, int size) {                     \
    XP_COUNT(size);                                                       \
    XP_GLOBAL(dst, size);                                                 \
    XP_IN_NRAM(src1, size);                                               \
    for (int i = 0; i < size; ++i) {                                      \
      T old = dst[i], other = src1[i];                                    \
      dst[i] = (T)(value);                                                \
    }                                                                     \
  }
#endif
#define XP_ATOMIC_TYPES(M, ...) \
  M(float, __VA_ARGS__) M(half, __VA_ARGS__) M(int, __VA_ARGS__) M(short, __VA_ARGS__)
XP_ATOMIC_TYPES(XP_ATOMIC, add, __bang_atomic_reduce_add, old + other)
XP_ATOMIC_TYPES(XP_ATOMIC, min, __bang_atomic_reduce_min, old < other ? old : other)
XP_ATOMIC_TYPES(XP_ATOMIC, max, __bang_atomic_reduce_max, old > other ? old : other)
XP_ATOMIC(unsigned, min, __bang_atomic_reduce_min, old < other ? old : other)
XP_ATOMIC(unsigned, max, __bang_atomic_reduce_max, old > other ? old : other)
#undef XP_ATOMIC

// dst[i] (NRAM) = the old src1[i] (GDRAM), to which src2 is added. Tasks of the emulator do not interleave inside it.
#ifndef XP_READING
#define XP_FETCH_ADD(T, ...)                                                        \
  inline void __bang_atomic_add(T* dst, T* src1, T src2, int size = 1) {            \
    XP_COUNT(size);                                                                 \
    XP_OUT_NRAM(dst, size);                                                         \
    XP_GLOBAL(src1, size);                                                          \
    for (int i = 0; i < size; ++i) {                                                \
      dst[i] = src1[i];                                                             \
      src1[i] = (T)(src1[i] + src2);                                                \
    }                                                                               \
  }                                                                                 \
  inline void __bang_atomic_add(T* dst, T* src1, const T* src2, int size) {         \
    XP_COUNT(size);                                                                 \
    XP_IN_NRAM(src2, size);                                                         \
    XP_OUT_NRAM(dst, size);                                                         \
    XP_GLOBAL(src1, size);                                                          \
    for (int i = 0; i < size; ++i) {                                                \
      T old = src1[i];                                                              \
      src1[i] = (T)(src1[i] + src2[i]);                                             \
      dst[i] = old;                                                                 \
    }                                                                               \
  }
XP_ATOMIC_TYPES(XP_FETCH_ADD, )
XP_FETCH_ADD(unsigned)
#undef XP_FETCH_ADD
#endif
#undef XP_ATOMIC_TYPES
#undef XP_GLOBAL

#ifdef XP_READING
XP_PRIMITIVE("host.nop") int __bang_printf(const char* format, ...);
XP_PRIMITIVE("host.nop") int printf(const char* format, ...);
#else
template <class... A>
int __bang_printf(const char* format, A... values) {
  return std::printf(format, values...);
}
#endif
