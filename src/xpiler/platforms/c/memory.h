// Allocating, filling and copying (C17 7.22.3, 7.24).
#pragma once

#include "../initializer_list.h"

#ifdef XP_READING
void* malloc(size_t bytes);
void* calloc(size_t count, size_t bytes);
void free(void* address);
inline void* aligned_alloc(size_t, size_t bytes) { return malloc(bytes); }

template <bool first, class A, class B>
struct xp_either {
  typedef A type;
};
template <class A, class B>
struct xp_either<false, A, B> {
  typedef B type;
};

// Copies in steps of the wider of the two element types.
template <class D, class S>
inline void memcpy(D* dst, const S* src, size_t bytes) {
  typedef typename xp_either<(sizeof(D) >= sizeof(S)), D, S>::type step;
  for (int i = 0; i < (int)(bytes / sizeof(step)); ++i) {
    ((step*)dst)[i] = ((const step*)src)[i];
  }
}
template <class D, class S>
inline void memmove(D* dst, const S* src, size_t bytes) {
  memcpy(dst, src, bytes);
}
// A value between its bits and itself.
inline void memcpy(float* dst, const int* src, size_t bytes) {
  for (int i = 0; i < (int)(bytes / 4); ++i) dst[i] = xp_float_of(src[i]);
}
inline void memcpy(float* dst, const unsigned* src, size_t bytes) {
  for (int i = 0; i < (int)(bytes / 4); ++i) dst[i] = xp_float_of((int)src[i]);
}
inline void memcpy(int* dst, const float* src, size_t bytes) {
  for (int i = 0; i < (int)(bytes / 4); ++i) dst[i] = xp_int_bits(src[i]);
}
inline void memcpy(unsigned* dst, const float* src, size_t bytes) {
  for (int i = 0; i < (int)(bytes / 4); ++i) dst[i] = (unsigned)xp_int_bits(src[i]);
}
// Only zero means the same for every element type; other bytes are for one-byte elements.
template <class D>
inline void memset(D* dst, int value, size_t bytes) {
  for (int i = 0; i < (int)(bytes / sizeof(D)); ++i) dst[i] = (D)value;
}
inline void memset(int* dst, int value, size_t bytes) {
  for (int i = 0; i < (int)(bytes / 4); ++i) dst[i] = (value & 255) * 0x01010101;
}
inline void memset(unsigned* dst, int value, size_t bytes) {
  for (int i = 0; i < (int)(bytes / 4); ++i) dst[i] = (unsigned)(value & 255) * 0x01010101u;
}
inline void memset(short* dst, int value, size_t bytes) {
  for (int i = 0; i < (int)(bytes / 2); ++i) dst[i] = (short)((value & 255) * 0x0101);
}
namespace std {
using ::calloc;
using ::free;
using ::malloc;
using ::memcpy;
using ::memmove;
using ::memset;

// An array of its own for whoever declares one; it cannot grow.
template <class T>
struct vector {
  T* items;
  size_t length;
  vector(size_t n) {
    T* memory = (T*)malloc(n * sizeof(T));
    for (int i = 0; i < (int)n; ++i) memory[i] = (T)0;
    items = memory;
    length = n;
  }
  vector(size_t n, T value) {
    T* memory = (T*)malloc(n * sizeof(T));
    for (int i = 0; i < (int)n; ++i) memory[i] = value;
    items = memory;
    length = n;
  }
  T* data() const { return items; }
  T* begin() const { return items; }
  T* end() const { return items + length; }
  size_t size() const { return length; }
  bool empty() const { return length == 0; }
  T& operator[](size_t i) const { return items[i]; }
  T& front() const { return items[0]; }
  T& back() const { return items[length - 1]; }
};
}  // namespace std
#endif
