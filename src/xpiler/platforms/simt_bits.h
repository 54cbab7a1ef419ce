// Bits of integers, dot products of packed bytes, and loads that only hint at a cache.
#pragma once

inline int __popc(unsigned a) {
  int n = 0;
  for (int i = 0; i < 32; ++i) n += (a >> i) & 1;
  return n;
}
inline int __popcll(unsigned long long a) {
  int n = 0;
  for (int i = 0; i < 64; ++i) n += (int)((a >> i) & 1);
  return n;
}
inline int __clz(int a) {
  int n = 0;
  for (int i = 0; i < 32; ++i) n = ((unsigned)a >> i) & 1 ? 0 : n + 1;
  return n;
}
inline int __ffs(int a) {
  int n = 0;
  for (int i = 31; i >= 0; --i) n = ((unsigned)a >> i) & 1 ? i + 1 : n;
  return n;
}
inline int __ffsll(unsigned long long a) {
  int n = 0;
  for (int i = 63; i >= 0; --i) n = (a >> i) & 1 ? i + 1 : n;
  return n;
}
inline unsigned __brev(unsigned a) {
  unsigned r = 0;
  for (int i = 0; i < 32; ++i) r |= ((a >> i) & 1) << (31 - i);
  return r;
}
inline int __mul24(int a, int b) { return a * b; }
inline int __mulhi(int a, int b) { return (int)(((long long)a * b) >> 32); }
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }

// c plus the dot product of four packed bytes of equal signedness (sm_61 and later).
inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 4; ++i) c += (int)(signed char)(a >> (8 * i)) * (int)(signed char)(b >> (8 * i));
  return c;
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned c) {
  for (int i = 0; i < 4; ++i) c += ((a >> (8 * i)) & 255u) * ((b >> (8 * i)) & 255u);
  return c;
}

template <class T>
inline T __ldg(const T* p) {
  return *p;
}
template <class T>
inline T __ldcs(const T* p) {
  return *p;
}
template <class T>
inline T __ldca(const T* p) {
  return *p;
}
template <class T>
inline T __ldcg(const T* p) {
  return *p;
}
template <class T>
inline void __stcs(T* p, T value) {
  *p = value;
}

#ifdef XP_READING
XP_MATH("bits.f32.i32") int __float_as_int(float a);
XP_MATH("bits.f32.u32") unsigned __float_as_uint(float a);
XP_MATH("bits.i32.f32") float __int_as_float(int a);
XP_MATH("bits.u32.f32") float __uint_as_float(unsigned a);
#else
template <class To, class From>
inline To xp_bits(From a) {
  To to;
  std::memcpy(&to, &a, sizeof(to));
  return to;
}
inline int __float_as_int(float a) { return xp_bits<int>((xp_f32)a); }
inline unsigned __float_as_uint(float a) { return xp_bits<unsigned>((xp_f32)a); }
inline float __int_as_float(int a) { return xp_bits<xp_f32>(a); }
inline float __uint_as_float(unsigned a) { return xp_bits<xp_f32>(a); }
#endif
