// Read-modify-write on global memory (sec 3.5, 3.13), and the debug print.
#pragma once

#ifdef XP_READING
#define XP_GLOBAL(p, count)
#else
#define XP_GLOBAL(p, count)                                                              \
  XP_REQUIRE(xp::in_space(p, sizeof(*(p)) * std::size_t(count), "global"),               \
             "`" #p "` is not in GDRAM, or the access reaches over its end")
#endif

#define XP_ATOMIC_TYPES(M, ...) \
  M(float, __VA_ARGS__) M(half, __VA_ARGS__) M(int, __VA_ARGS__) M(short, __VA_ARGS__) \
  M(unsigned, __VA_ARGS__) M(unsigned short, __VA_ARGS__)

// One element: the old value, when it is replaced by the result. No other task of this CPU comes in between.
#ifdef XP_READING
#define XP_ATOMIC_ONE(T, op, result) XP_PRIMITIVE("atomic." #op) T xp_atomic_##op(T* address, T value);
#else
#define XP_ATOMIC_ONE(T, op, result)            \
  inline T xp_atomic_##op(T* address, T value) { \
    XP_GLOBAL(address, 1);                      \
    xp::Turn turn;                              \
    xp::Atomically whole;                       \
    T old = *address;                           \
    *address = (T)(result);                     \
    return old;                                 \
  }
#endif
XP_ATOMIC_TYPES(XP_ATOMIC_ONE, add, old + value)
XP_ATOMIC_TYPES(XP_ATOMIC_ONE, min, value < old ? value : old)
XP_ATOMIC_TYPES(XP_ATOMIC_ONE, max, value > old ? value : old)
#undef XP_ATOMIC_ONE

// dst[i] = op(dst[i], src[i]), dst in GDRAM; the operand a vector in NRAM or one scalar.
#define XP_ATOMIC_REDUCE(T, op)                                                      \
  inline void __bang_atomic_reduce_##op(T* dst, T value, int size = 1) {             \
    XP_COUNT(size);                                                                  \
    for (int i = 0; i < size; ++i) {                                                 \
      xp_atomic_##op(dst + i, value);                                                \
    }                                                                                \
  }                                                                                  \
  inline void __bang_atomic_reduce_##op(T* dst, const T* src, int size) {            \
    XP_COUNT(size);                                                                  \
    XP_IN_NRAM(src, size);                                                           \
    for (int i = 0; i < size; ++i) {                                                 \
      xp_atomic_##op(dst + i, src[i]);                                               \
    }                                                                                \
  }
XP_ATOMIC_TYPES(XP_ATOMIC_REDUCE, add)
XP_ATOMIC_TYPES(XP_ATOMIC_REDUCE, min)
XP_ATOMIC_TYPES(XP_ATOMIC_REDUCE, max)
#undef XP_ATOMIC_REDUCE

// dst[i] (NRAM) = the old src1[i] (GDRAM), which src2 is added to.
#define XP_FETCH_ADD(T, ...)                                                        \
  inline void __bang_atomic_add(T* dst, T* src1, T src2, int size = 1) {            \
    XP_COUNT(size);                                                                 \
    XP_OUT_NRAM(dst, size);                                                         \
    for (int i = 0; i < size; ++i) {                                                \
      dst[i] = xp_atomic_add(src1 + i, src2);                                       \
    }                                                                               \
  }                                                                                 \
  inline void __bang_atomic_add(T* dst, T* src1, const T* src2, int size) {         \
    XP_COUNT(size);                                                                 \
    XP_IN_NRAM(src2, size);                                                         \
    XP_OUT_NRAM(dst, size);                                                         \
    for (int i = 0; i < size; ++i) {                                                \
      dst[i] = xp_atomic_add(src1 + i, src2[i]);                                    \
    }                                                                               \
  }
XP_ATOMIC_TYPES(XP_FETCH_ADD, )
#undef XP_FETCH_ADD

// *dst (NRAM) = the old *src1 (GDRAM), which becomes src3 where it was src2.
#ifdef XP_READING
#define XP_CAS(T, ...) \
  XP_PRIMITIVE("atomic.cas") T xp_atomic_cas(T* address, T compare, T value);
#else
#define XP_CAS(T, ...)                                    \
  inline T xp_atomic_cas(T* address, T compare, T value) { \
    XP_GLOBAL(address, 1);                                \
    xp::Turn turn;                                        \
    xp::Atomically whole;                                 \
    T old = *address;                                     \
    if (old == compare) *address = value;                 \
    return old;                                           \
  }
#endif
#define XP_CAS_INTO(T, ...)                                                  \
  inline void __bang_atomic_cas(T* dst, T* src1, T src2, T src3) {           \
    XP_OUT_NRAM(dst, 1);                                                     \
    dst[0] = xp_atomic_cas(src1, src2, src3);                                \
  }
XP_ATOMIC_TYPES(XP_CAS, )
XP_ATOMIC_TYPES(XP_CAS_INTO, )
#undef XP_CAS
#undef XP_CAS_INTO
#undef XP_ATOMIC_TYPES
#undef XP_GLOBAL

#ifdef XP_READING
XP_PRIMITIVE("nop") int __bang_printf(const char* format, ...);
XP_PRIMITIVE("nop") int printf(const char* format, ...);
#else
template <class... A>
int __bang_printf(const char* format, A... values) {
  return std::printf(format, values...);
}
#endif
