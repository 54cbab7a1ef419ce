// Four bytes or two shorts in one word (CUDA Math API, "SIMD Intrinsics"). In a part, x and y are its operands as int.
#pragma once

#define XP_PART(a, parts, T) (int)(T)((a) >> (32 / parts * i))
#define XP_FILL(parts, value) ((unsigned)(value) & (parts == 4 ? 255u : 65535u)) << (32 / parts * i)
#define XP_ONE(name, parts, T, value)        \
  inline unsigned name(unsigned a) {         \
    unsigned r = 0;                          \
    for (int i = 0; i < parts; ++i) {        \
      const int x = XP_PART(a, parts, T);    \
      r |= XP_FILL(parts, value);            \
    }                                        \
    return r;                                \
  }
#define XP_TWO(name, parts, T, value)        \
  inline unsigned name(unsigned a, unsigned b) { \
    unsigned r = 0;                          \
    for (int i = 0; i < parts; ++i) {        \
      const int x = XP_PART(a, parts, T);    \
      const int y = XP_PART(b, parts, T);    \
      r |= XP_FILL(parts, value);            \
    }                                        \
    return r;                                \
  }
// The sum over the parts.
#define XP_SUM(name, parts, T, value)        \
  inline unsigned name(unsigned a, unsigned b) { \
    unsigned r = 0;                          \
    for (int i = 0; i < parts; ++i) {        \
      const int x = XP_PART(a, parts, T);    \
      const int y = XP_PART(b, parts, T);    \
      r += (unsigned)(value);                \
    }                                        \
    return r;                                \
  }
#define XP_CLIP(v, low, high) ((v) < (low) ? (low) : (v) > (high) ? (high) : (v))
#define XP_COMPARE(tail, op, parts, T)                              \
  XP_TWO(__vcmp##tail##parts, parts, T, x op y ? -1 : 0)            \
  XP_TWO(__vset##tail##parts, parts, T, x op y ? 1 : 0)
#define XP_COMPARES(tail, op, parts, S, U) \
  XP_COMPARE(tail##s, op, parts, S)        \
  XP_COMPARE(tail##u, op, parts, U)

#define XP_PACKED(parts, S, U, low, high, top)                                  \
  XP_ONE(__vabs##parts, parts, S, x < 0 ? -x : x)                               \
  XP_ONE(__vabsss##parts, parts, S, x == low ? high : x < 0 ? -x : x)           \
  XP_ONE(__vneg##parts, parts, S, -x)                                           \
  XP_ONE(__vnegss##parts, parts, S, x == low ? high : -x)                       \
  XP_TWO(__vadd##parts, parts, S, x + y)                                        \
  XP_TWO(__vaddss##parts, parts, S, XP_CLIP(x + y, low, high))                  \
  XP_TWO(__vaddus##parts, parts, U, XP_CLIP(x + y, 0, top))                     \
  XP_TWO(__vsub##parts, parts, S, x - y)                                        \
  XP_TWO(__vsubss##parts, parts, S, XP_CLIP(x - y, low, high))                  \
  XP_TWO(__vsubus##parts, parts, U, XP_CLIP(x - y, 0, top))                     \
  XP_TWO(__vavgs##parts, parts, S, (x + y + (x + y >= 0 ? 1 : 0)) >> 1)         \
  XP_TWO(__vavgu##parts, parts, U, (x + y + 1) >> 1)                            \
  XP_TWO(__vhaddu##parts, parts, U, (x + y) >> 1)                               \
  XP_TWO(__vmaxs##parts, parts, S, x < y ? y : x)                               \
  XP_TWO(__vmaxu##parts, parts, U, x < y ? y : x)                               \
  XP_TWO(__vmins##parts, parts, S, x < y ? x : y)                               \
  XP_TWO(__vminu##parts, parts, U, x < y ? x : y)                               \
  XP_TWO(__vabsdiffs##parts, parts, S, x < y ? y - x : x - y)                   \
  XP_TWO(__vabsdiffu##parts, parts, U, x < y ? y - x : x - y)                   \
  XP_SUM(__vsads##parts, parts, S, x < y ? y - x : x - y)                       \
  XP_SUM(__vsadu##parts, parts, U, x < y ? y - x : x - y)                       \
  XP_COMPARE(eq, ==, parts, U)                                                  \
  XP_COMPARE(ne, !=, parts, U)                                                  \
  XP_COMPARES(gt, >, parts, S, U)                                               \
  XP_COMPARES(ge, >=, parts, S, U)                                              \
  XP_COMPARES(lt, <, parts, S, U)                                               \
  XP_COMPARES(le, <=, parts, S, U)
XP_PACKED(2, short, unsigned short, -32768, 32767, 65535)
XP_PACKED(4, signed char, unsigned char, -128, 127, 255)
#undef XP_PACKED
#undef XP_COMPARES
#undef XP_COMPARE
#undef XP_ONE
#undef XP_TWO
#undef XP_SUM
#undef XP_CLIP
#undef XP_PART
#undef XP_FILL
