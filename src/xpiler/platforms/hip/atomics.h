// Atomics that HIP has beyond CUDA's (HIP documentation, "Atomic functions"; Clang's scoped built-ins).
#pragma once

XP_ADDS(unsigned long)
XP_ATOMIC("sub", atomicSub, unsigned long long, old - value)
XP_ATOMIC("sub", atomicSub, unsigned long, old - value)
XP_ATOMIC("sub", atomicSub, float, old - value)
XP_WIDE(XP_ATOMIC("sub", atomicSub, double, old - value))
XP_ATOMIC("exch", atomicExch, unsigned long, value)
XP_WIDE(XP_ATOMIC("exch", atomicExch, double, value))
XP_ATOMIC("min", atomicMin, float, fmin(old, value))
XP_ATOMIC("max", atomicMax, float, fmax(old, value))
XP_WIDE(XP_ATOMIC("min", atomicMin, double, fmin(old, value)))
XP_WIDE(XP_ATOMIC("max", atomicMax, double, fmax(old, value)))
XP_BITS(unsigned long)
XP_CAS(unsigned long)
XP_CAS(float)
XP_WIDE(XP_CAS(double))

#define XP_SAME(name, other)                                  \
  template <class T, class V>                                 \
  inline T name(T* address, V value) {                        \
    return other(address, (T)value);                          \
  }
XP_SAME(unsafeAtomicAdd, atomicAdd)
XP_SAME(safeAtomicAdd, atomicAdd)
XP_SAME(unsafeAtomicMin, atomicMin)
XP_SAME(unsafeAtomicMax, atomicMax)
#undef XP_SAME
inline void atomicAddNoRet(float* address, float value) { atomicAdd(address, value); }

#define __HIP_MEMORY_SCOPE_SINGLETHREAD 1
#define __HIP_MEMORY_SCOPE_WAVEFRONT 2
#define __HIP_MEMORY_SCOPE_WORKGROUP 3
#define __HIP_MEMORY_SCOPE_AGENT 4
#define __HIP_MEMORY_SCOPE_SYSTEM 5
// Clang has these as built-ins, so that only a macro can take their place.
#define __hip_atomic_fetch_add(address, value, order, scope) atomicAdd(address, value)
#define __hip_atomic_fetch_min(address, value, order, scope) atomicMin(address, value)
#define __hip_atomic_fetch_max(address, value, order, scope) atomicMax(address, value)
#define __hip_atomic_fetch_and(address, value, order, scope) atomicAnd(address, value)
#define __hip_atomic_fetch_or(address, value, order, scope) atomicOr(address, value)
#define __hip_atomic_fetch_xor(address, value, order, scope) atomicXor(address, value)
#define __hip_atomic_exchange(address, value, order, scope) atomicExch(address, value)
