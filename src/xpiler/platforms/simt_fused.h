// Sums and choices in one instruction (CUDA Math API, "DPX"). `relu` forms are never below zero.
#pragma once

#define XP_FUSED(T, tail)                                                                              \
  inline T __vimax3_##tail(T a, T b, T c) { return max(max(a, b), c); }                                \
  inline T __vimin3_##tail(T a, T b, T c) { return min(min(a, b), c); }                                \
  inline T __viaddmax_##tail(T a, T b, T c) { return max((T)((unsigned)a + (unsigned)b), c); }         \
  inline T __viaddmin_##tail(T a, T b, T c) { return min((T)((unsigned)a + (unsigned)b), c); }         \
  inline T __vibmax_##tail(T a, T b, bool* chosen) {                                                   \
    *chosen = a >= b;                                                                                  \
    return max(a, b);                                                                                  \
  }                                                                                                    \
  inline T __vibmin_##tail(T a, T b, bool* chosen) {                                                   \
    *chosen = a <= b;                                                                                  \
    return min(a, b);                                                                                  \
  }
XP_FUSED(int, s32)
XP_FUSED(unsigned, u32)
#undef XP_FUSED
inline int __vimax_s32_relu(int a, int b) { return max(max(a, b), 0); }
inline int __vimin_s32_relu(int a, int b) { return max(min(a, b), 0); }
inline int __vimax3_s32_relu(int a, int b, int c) { return max(__vimax3_s32(a, b, c), 0); }
inline int __vimin3_s32_relu(int a, int b, int c) { return max(__vimin3_s32(a, b, c), 0); }
inline int __viaddmax_s32_relu(int a, int b, int c) { return max(__viaddmax_s32(a, b, c), 0); }
inline int __viaddmin_s32_relu(int a, int b, int c) { return max(__viaddmin_s32(a, b, c), 0); }

#define XP_FUSED2(tail, sign)                                                                                    \
  inline unsigned __vimax3_##tail(unsigned a, unsigned b, unsigned c) {                                          \
    return __vmax##sign##2(__vmax##sign##2(a, b), c);                                                            \
  }                                                                                                              \
  inline unsigned __vimin3_##tail(unsigned a, unsigned b, unsigned c) {                                          \
    return __vmin##sign##2(__vmin##sign##2(a, b), c);                                                            \
  }                                                                                                              \
  inline unsigned __viaddmax_##tail(unsigned a, unsigned b, unsigned c) { return __vmax##sign##2(__vadd2(a, b), c); } \
  inline unsigned __viaddmin_##tail(unsigned a, unsigned b, unsigned c) { return __vmin##sign##2(__vadd2(a, b), c); } \
  inline unsigned __vibmax_##tail(unsigned a, unsigned b, bool* high, bool* low) {                               \
    const unsigned chosen = __vcmpge##sign##2(a, b);                                                             \
    *high = chosen >> 31;                                                                                        \
    *low = chosen & 1u;                                                                                          \
    return __vmax##sign##2(a, b);                                                                                \
  }                                                                                                              \
  inline unsigned __vibmin_##tail(unsigned a, unsigned b, bool* high, bool* low) {                               \
    const unsigned chosen = __vcmple##sign##2(a, b);                                                             \
    *high = chosen >> 31;                                                                                        \
    *low = chosen & 1u;                                                                                          \
    return __vmin##sign##2(a, b);                                                                                \
  }
XP_FUSED2(s16x2, s)
XP_FUSED2(u16x2, u)
#undef XP_FUSED2
inline unsigned __vimax_s16x2_relu(unsigned a, unsigned b) { return __vmaxs2(__vmaxs2(a, b), 0u); }
inline unsigned __vimin_s16x2_relu(unsigned a, unsigned b) { return __vmaxs2(__vmins2(a, b), 0u); }
inline unsigned __vimax3_s16x2_relu(unsigned a, unsigned b, unsigned c) {
  return __vmaxs2(__vimax3_s16x2(a, b, c), 0u);
}
inline unsigned __vimin3_s16x2_relu(unsigned a, unsigned b, unsigned c) {
  return __vmaxs2(__vimin3_s16x2(a, b, c), 0u);
}
inline unsigned __viaddmax_s16x2_relu(unsigned a, unsigned b, unsigned c) {
  return __vmaxs2(__viaddmax_s16x2(a, b, c), 0u);
}
inline unsigned __viaddmin_s16x2_relu(unsigned a, unsigned b, unsigned c) {
  return __vmaxs2(__viaddmin_s16x2(a, b, c), 0u);
}
