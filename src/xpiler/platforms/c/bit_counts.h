// The compiler's own counts of bits (GCC manual, "Other Built-in Functions"), as bodies for a reader; a run has them.
#pragma once

#ifdef XP_READING
#define XP_BIT_COUNTS(suffix, T, bits)                                       \
  inline int xp_popcount##suffix(T a) {                                      \
    int n = 0;                                                               \
    for (int i = 0; i < bits; ++i) n += (int)((a >> i) & 1);                 \
    return n;                                                                \
  }                                                                          \
  inline int xp_ctz##suffix(T a) {                                           \
    int n = 0, open = 1;                                                     \
    for (int i = 0; i < bits; ++i) {                                         \
      if ((a >> i) & 1) open = 0;                                            \
      n += open;                                                             \
    }                                                                        \
    return n;                                                                \
  }                                                                          \
  inline int xp_clz##suffix(T a) {                                           \
    int n = 0, open = 1;                                                     \
    for (int i = 0; i < bits; ++i) {                                         \
      if ((a >> (bits - 1 - i)) & 1) open = 0;                               \
      n += open;                                                             \
    }                                                                        \
    return n;                                                                \
  }                                                                          \
  inline int xp_ffs##suffix(T a) { return a == 0 ? 0 : xp_ctz##suffix(a) + 1; } \
  inline int xp_parity##suffix(T a) { return xp_popcount##suffix(a) & 1; }
XP_BIT_COUNTS(, unsigned, 32)
XP_BIT_COUNTS(l, unsigned long, 64)
XP_BIT_COUNTS(ll, unsigned long long, 64)
#undef XP_BIT_COUNTS
#define __builtin_popcount(a) xp_popcount(a)
#define __builtin_popcountl(a) xp_popcountl(a)
#define __builtin_popcountll(a) xp_popcountll(a)
#define __builtin_ctz(a) xp_ctz(a)
#define __builtin_ctzl(a) xp_ctzl(a)
#define __builtin_ctzll(a) xp_ctzll(a)
#define __builtin_clz(a) xp_clz(a)
#define __builtin_clzl(a) xp_clzl(a)
#define __builtin_clzll(a) xp_clzll(a)
#define __builtin_ffs(a) xp_ffs((unsigned)(a))
#define __builtin_ffsll(a) xp_ffsll((unsigned long long)(a))
#define __builtin_parity(a) xp_parity(a)
#define __builtin_parityll(a) xp_parityll(a)
#define __builtin_bswap32(a) xp_bswap32(a)
inline unsigned xp_bswap32(unsigned a) { return a >> 24 | (a >> 8 & 0xff00u) | (a << 8 & 0xff0000u) | a << 24; }
#endif
