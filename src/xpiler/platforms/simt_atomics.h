// Read-modify-write of one element; the old value comes back. Which types exist is the vendors' table.
#pragma once

#ifdef XP_READING
#define XP_ATOMIC_ONE(op, name, T, next) XP_PRIMITIVE("atomic." op) T name(T* address, T value);
#define XP_CAS_ONE(name, T) XP_PRIMITIVE("atomic.cas") T name(T* address, T compare, T value);
#else
// Through the compiler's own atomic operations, so that a race detector sees what they are.
#define XP_ATOMIC_ONE(op, name, T, next)                                                              \
  inline T name(T* address, T value) {                                                                \
    xp::Turn turn;                                                                                    \
    T old;                                                                                            \
    __atomic_load(address, &old, __ATOMIC_RELAXED);                                                   \
    for (;;) {                                                                                        \
      T fresh = (next);                                                                               \
      if (__atomic_compare_exchange(address, &old, &fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) \
        return old;                                                                                   \
    }                                                                                                 \
  }
#define XP_CAS_ONE(name, T)                                                                            \
  inline T name(T* address, T compare, T value) {                                                      \
    xp::Turn turn;                                                                                     \
    __atomic_compare_exchange(address, &compare, &value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);   \
    return compare;                                                                                    \
  }
#endif

// The scopes differ in speed alone: everything here sees everything at once.
#define XP_ATOMIC(op, name, T, next)        \
  XP_ATOMIC_ONE(op, name, T, next)          \
  XP_ATOMIC_ONE(op, name##_block, T, next)  \
  XP_ATOMIC_ONE(op, name##_system, T, next)
#define XP_CAS(T)                   \
  XP_CAS_ONE(atomicCAS, T)          \
  XP_CAS_ONE(atomicCAS_block, T)    \
  XP_CAS_ONE(atomicCAS_system, T)
#define XP_ADDS(T) XP_ATOMIC("add", atomicAdd, T, old + value)
#define XP_BITS(T)                                            \
  XP_ATOMIC("min", atomicMin, T, value < old ? value : old)   \
  XP_ATOMIC("max", atomicMax, T, old < value ? value : old)   \
  XP_ATOMIC("and", atomicAnd, T, old & value)                 \
  XP_ATOMIC("or", atomicOr, T, old | value)                   \
  XP_ATOMIC("xor", atomicXor, T, old ^ value)
#define XP_WORDS(T)                                \
  XP_ATOMIC("sub", atomicSub, T, old - value)      \
  XP_ATOMIC("exch", atomicExch, T, value)          \
  XP_CAS(T)
XP_ADDS(int)
XP_ADDS(unsigned)
XP_ADDS(unsigned long long)
XP_ADDS(float)
XP_WIDE(XP_ADDS(double))
XP_ADDS(half)
XP_ADDS(xp_bf16)
XP_BITS(int)
XP_BITS(unsigned)
XP_BITS(unsigned long long)
XP_BITS(long long)
XP_WORDS(int)
XP_WORDS(unsigned)
XP_ATOMIC("exch", atomicExch, unsigned long long, value)
XP_ATOMIC("exch", atomicExch, float, value)
XP_CAS(unsigned long long)
XP_CAS(unsigned short)
#undef XP_WORDS

// Counters that start again: inc up to `value`, dec down from it. In terms of the others, which the IR has.
#define XP_COUNT(name, next)                              \
  inline unsigned name(unsigned* address, unsigned value) { \
    unsigned old = atomicAdd(address, 0u), seen;          \
    do {                                                  \
      seen = old;                                         \
      old = atomicCAS(address, seen, (next));             \
    } while (seen != old);                                \
    return old;                                           \
  }
#define XP_COUNTS(name, next) \
  XP_COUNT(name, next)        \
  XP_COUNT(name##_block, next) \
  XP_COUNT(name##_system, next)
XP_COUNTS(atomicInc, seen >= value ? 0u : seen + 1u)
XP_COUNTS(atomicDec, seen == 0u || seen > value ? value : seen - 1u)
#undef XP_COUNT
#undef XP_COUNTS

// Each of the elements by itself, as the vendor promises (Programming Guide, "atomicAdd()").
#define XP_ADD2(name, T2) \
  inline T2 name(T2* address, T2 value) { return {name(&address->x, value.x), name(&address->y, value.y)}; }
#define XP_ADDS2(T2)          \
  XP_ADD2(atomicAdd, T2)      \
  XP_ADD2(atomicAdd_block, T2) \
  XP_ADD2(atomicAdd_system, T2)
XP_ADDS2(half2)
XP_ADDS2(xp_bf162)
XP_ADDS2(float2)
#define XP_ADD4(name) \
  inline float4 name(float4* address, float4 value) { \
    return {name(&address->x, value.x), name(&address->y, value.y), name(&address->z, value.z), \
            name(&address->w, value.w)}; \
  }
XP_ADD4(atomicAdd)
XP_ADD4(atomicAdd_block)
XP_ADD4(atomicAdd_system)
#undef XP_ADD2
#undef XP_ADDS2
#undef XP_ADD4
