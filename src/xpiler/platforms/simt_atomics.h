// Read-modify-write of one element; the old value comes back.
#pragma once

#ifdef XP_READING
#define XP_ATOMIC(op, name, T, next) XP_PRIMITIVE("atomic." op) T name(T* address, T value);
#define XP_CAS(T) XP_PRIMITIVE("atomic.cas") T atomicCAS(T* address, T compare, T value);
#else
// Through the compiler's own atomic operations, so that a race detector sees what they are.
#define XP_ATOMIC(op, name, T, next)                                                                  \
  inline T name(T* address, T value) {                                                                \
    T old;                                                                                            \
    __atomic_load(address, &old, __ATOMIC_RELAXED);                                                   \
    for (;;) {                                                                                        \
      T fresh = (next);                                                                               \
      if (__atomic_compare_exchange(address, &old, &fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) \
        return old;                                                                                   \
    }                                                                                                 \
  }
#define XP_CAS(T)                                                                                      \
  inline T atomicCAS(T* address, T compare, T value) {                                                 \
    __atomic_compare_exchange(address, &compare, &value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);   \
    return compare;                                                                                    \
  }
#endif

#define XP_ADDS(T) XP_ATOMIC("add", atomicAdd, T, old + value)
#define XP_BITS(T)                                            \
  XP_ATOMIC("sub", atomicSub, T, old - value)                 \
  XP_ATOMIC("min", atomicMin, T, value < old ? value : old)   \
  XP_ATOMIC("max", atomicMax, T, old < value ? value : old)   \
  XP_ATOMIC("exch", atomicExch, T, value)                     \
  XP_ATOMIC("and", atomicAnd, T, old & value)                 \
  XP_ATOMIC("or", atomicOr, T, old | value)                   \
  XP_ATOMIC("xor", atomicXor, T, old ^ value)                 \
  XP_CAS(T)
XP_ADDS(int)
XP_ADDS(unsigned)
XP_ADDS(unsigned long long)
XP_ADDS(unsigned long)
XP_ADDS(float)
XP_ADDS(half)
XP_BITS(int)
XP_BITS(unsigned)
XP_BITS(unsigned long long)
XP_BITS(long long)
XP_ATOMIC("exch", atomicExch, float, value)
#ifndef XP_REAL_F64
XP_ADDS(double)
#endif
#undef XP_ADDS
#undef XP_BITS
#undef XP_CAS
