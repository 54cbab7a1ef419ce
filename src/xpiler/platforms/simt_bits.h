// Bits of integers (CUDA Math API, "Integer Intrinsics"), dot products of packed bytes, and bits of reals.
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
inline int __clzll(long long a) {
  int n = 0;
  for (int i = 0; i < 64; ++i) n = ((unsigned long long)a >> i) & 1 ? 0 : n + 1;
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
inline unsigned long long __brevll(unsigned long long a) {
  unsigned long long r = 0;
  for (int i = 0; i < 64; ++i) r |= ((a >> i) & 1) << (63 - i);
  return r;
}
// The n-th set bit from `base` on (counted down for negative n; 0 asks for `base` itself), or ~0.
inline unsigned __fns(unsigned mask, unsigned base, int offset) {
  unsigned found = ~0u;
  int left = offset < 0 ? -offset : offset;
  if (offset == 0) return mask >> base & 1 ? base : ~0u;
  for (int i = 0; i < 32; ++i) {
    const int at = offset > 0 ? (int)base + i : (int)base - i;
    if (at >= 0 && at < 32 && (mask >> at & 1)) {
      left = left - 1;
      if (left == 0) found = (unsigned)at;
    }
  }
  return found;
}

// Four of the eight bytes of y:x, each chosen by the low three bits of a nibble of s.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned s) {
  const unsigned long long bytes = (unsigned long long)y << 32 | x;
  unsigned r = 0;
  for (int i = 0; i < 4; ++i) r |= (unsigned)(bytes >> (8 * (s >> (4 * i) & 7u)) & 255u) << (8 * i);
  return r;
}
// 32 bits of hi:lo shifted; the c forms shift by 32 at most.
inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned shift) {
  return (unsigned)((((unsigned long long)hi << 32 | lo) << (shift & 31u)) >> 32);
}
inline unsigned __funnelshift_lc(unsigned lo, unsigned hi, unsigned shift) {
  return (unsigned)((((unsigned long long)hi << 32 | lo) << (shift < 32u ? shift : 32u)) >> 32);
}
inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned shift) {
  return (unsigned)(((unsigned long long)hi << 32 | lo) >> (shift & 31u));
}
inline unsigned __funnelshift_rc(unsigned lo, unsigned hi, unsigned shift) {
  return (unsigned)(((unsigned long long)hi << 32 | lo) >> (shift < 32u ? shift : 32u));
}

// Products of the low 24 bits, and high halves of whole products.
inline int __mul24(int a, int b) { return (int)((unsigned)(a << 8 >> 8) * (unsigned)(b << 8 >> 8)); }
inline unsigned __umul24(unsigned a, unsigned b) { return (a & 0xffffffu) * (b & 0xffffffu); }
inline int __mulhi(int a, int b) { return (int)(((long long)a * b) >> 32); }
inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  const unsigned long long low = (a & 0xffffffffull) * (b & 0xffffffffull);
  const unsigned long long one = (a >> 32) * (b & 0xffffffffull) + (low >> 32);
  const unsigned long long two = (a & 0xffffffffull) * (b >> 32) + (one & 0xffffffffull);
  return (a >> 32) * (b >> 32) + (one >> 32) + (two >> 32);
}
inline long long __mul64hi(long long a, long long b) {
  unsigned long long r = __umul64hi((unsigned long long)a, (unsigned long long)b);
  if (a < 0) r -= (unsigned long long)b;
  if (b < 0) r -= (unsigned long long)a;
  return (long long)r;
}

// Averages without overflow, and sums of absolute differences.
inline int __hadd(int a, int b) { return (int)(((long long)a + b) >> 1); }
inline int __rhadd(int a, int b) { return (int)(((long long)a + b + 1) >> 1); }
inline unsigned __uhadd(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a + b) >> 1); }
inline unsigned __urhadd(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a + b + 1) >> 1); }
inline unsigned __sad(int a, int b, unsigned c) {
  return (a < b ? (unsigned)b - (unsigned)a : (unsigned)a - (unsigned)b) + c;
}
inline unsigned __usad(unsigned a, unsigned b, unsigned c) { return (a < b ? b - a : a - b) + c; }

// c plus the dot product of four packed bytes, or of two shorts and two of the bytes, of equal signedness (sm_61).
inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 4; ++i) c += (int)(signed char)(a >> (8 * i)) * (int)(signed char)(b >> (8 * i));
  return c;
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned c) {
  for (int i = 0; i < 4; ++i) c += ((a >> (8 * i)) & 255u) * ((b >> (8 * i)) & 255u);
  return c;
}
#define XP_DP2A(name, first)                                                                              \
  inline int name(int a, int b, int c) {                                                                  \
    for (int i = 0; i < 2; ++i) c += (int)(short)(a >> (16 * i)) * (int)(signed char)(b >> (8 * (i + first))); \
    return c;                                                                                             \
  }                                                                                                       \
  inline unsigned name(unsigned a, unsigned b, unsigned c) {                                              \
    for (int i = 0; i < 2; ++i) c += ((a >> (16 * i)) & 65535u) * ((b >> (8 * (i + first))) & 255u);      \
    return c;                                                                                             \
  }
XP_DP2A(__dp2a_lo, 0)
XP_DP2A(__dp2a_hi, 2)
#undef XP_DP2A
inline int __dp4a(char4 a, char4 b, int c) { return c + a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }
inline unsigned __dp4a(uchar4 a, uchar4 b, unsigned c) {
  return c + (unsigned)(a.x * b.x) + (unsigned)(a.y * b.y) + (unsigned)(a.z * b.z) + (unsigned)(a.w * b.w);
}

#ifdef XP_READING
XP_MATH("bits.f32.i32") int __float_as_int(float a);
XP_MATH("bits.f32.u32") unsigned __float_as_uint(float a);
XP_MATH("bits.i32.f32") float __int_as_float(int a);
XP_MATH("bits.u32.f32") float __uint_as_float(unsigned a);
XP_MATH("bits.f64.i64") long long __double_as_longlong(double a);
XP_MATH("bits.i64.f64") double __longlong_as_double(long long a);
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
inline long long __double_as_longlong(double a) { return xp_bits<long long>(a); }
inline double __longlong_as_double(long long a) { return xp_bits<double>(a); }
#endif
inline int __double2hiint(double a) { return (int)(__double_as_longlong(a) >> 32); }
inline int __double2loint(double a) { return (int)__double_as_longlong(a); }
inline double __hiloint2double(int hi, int lo) {
  return __longlong_as_double((long long)((unsigned long long)(unsigned)hi << 32 | (unsigned)lo));
}
