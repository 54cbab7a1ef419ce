// The pieces that bodies are made of: bytes and words of a lane, mask bits, saturation, rounding.
#pragma once

#define XP_ALIGNED(p, bytes) \
  XP_REQUIRE(((unsigned long)(p) & ((bytes) - 1)) == 0, "`" #p "` of an aligned access is not " #bytes "-byte aligned")

inline int xp_s8(int lane, int k) { return (int)(signed char)((lane >> (8 * k)) & 255); }
inline int xp_u8(int lane, int k) { return (lane >> (8 * k)) & 255; }
inline int xp_s16(int lane, int k) { return (int)(short)((lane >> (16 * k)) & 65535); }
inline int xp_u16(int lane, int k) { return (lane >> (16 * k)) & 65535; }
inline int xp_at8(int value, int k) { return (int)((unsigned)(value & 255) << (8 * k)); }
inline int xp_at16(int value, int k) { return (int)((unsigned)(value & 65535) << (16 * k)); }

inline int xp_clamp(int a, int low, int high) { return a < low ? low : a > high ? high : a; }
inline int xp_sat32(long long a) {
  return (int)(a < -2147483647LL - 1 ? -2147483647LL - 1 : a > 2147483647LL ? 2147483647LL : a);
}

// Rounding by the low three bits of an immediate: nearest even, down, up, toward zero, current (nearest even).
inline float xp_round(float a, int mode) {
  return (mode & 7) == 1 ? floorf(a) : (mode & 7) == 2 ? ceilf(a) : (mode & 7) == 3 ? truncf(a) : rintf(a);
}
// Out of range and NaN give the integer indefinite value (SDM vol. 1, 4.8.3.7).
inline int xp_to_int(float a) { return a >= -2147483648.0f && a < 2147483648.0f ? (int)a : -2147483647 - 1; }
inline int xp_double_to_int(double a) { return a >= -2147483648.0 && a < 2147483648.0 ? (int)a : -2147483647 - 1; }
inline int xp_to_unsigned(float a) { return (int)(a >= 0.0f && a < 4294967296.0f ? (unsigned)a : 4294967295u); }

// min and max give the second operand when either is NaN or both are zero (SDM, VMINPS, VMAXPS).
inline float xp_min(float a, float b) { return a < b ? a : b; }
inline float xp_max(float a, float b) { return a > b ? a : b; }

// A predicate of VCMPPS; those above 15 differ only in the exceptions they raise.
inline bool xp_compare(float a, float b, int predicate) {
  int p = predicate & 15;
  bool unordered = a != a || b != b;
  bool plain = (p & 7) == 0 ? a == b
               : (p & 7) == 1 ? (p < 8 ? a < b : unordered || a < b)
               : (p & 7) == 2 ? (p < 8 ? a <= b : unordered || a <= b)
               : (p & 7) == 3 ? (p < 8 ? unordered : false)
               : (p & 7) == 4 ? a != b
               : (p & 7) == 5 ? (p < 8 ? unordered || a >= b : a >= b)
               : (p & 7) == 6 ? (p < 8 ? unordered || a > b : a > b)
                              : (p < 8 ? !unordered : true);
  return p == 8 ? plain || unordered : p == 12 ? plain && !unordered : plain;
}
// A predicate of VPCMPD.
inline bool xp_compare_int(long long a, long long b, int p) {
  return p == 0 ? a == b : p == 1 ? a < b : p == 2 ? a <= b : p == 3 ? false
         : p == 4 ? a != b : p == 5 ? a >= b : p == 6 ? a > b : true;
}

// One vector function of one, two or three vectors, and its masked forms. Where a bit is clear, the mask form keeps
// `src` (of three vectors: `a`), mask3 keeps `c`, and maskz gives zero.
#define XP_LANES1(P, V, N, K, op, value)                                     \
  XP_INTRINSIC inline V P##_##op(V a) {                                      \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = (value);                            \
    return r;                                                                \
  }                                                                          \
  XP_INTRINSIC inline V P##_mask_##op(V src, K k, V a) {                     \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : src.v[i]; \
    return r;                                                                \
  }                                                                          \
  XP_INTRINSIC inline V P##_maskz_##op(K k, V a) {                           \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : 0;       \
    return r;                                                                \
  }
#define XP_LANES2(P, V, N, K, op, value)                                     \
  XP_INTRINSIC inline V P##_##op(V a, V b) {                                 \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = (value);                            \
    return r;                                                                \
  }                                                                          \
  XP_INTRINSIC inline V P##_mask_##op(V src, K k, V a, V b) {                \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : src.v[i]; \
    return r;                                                                \
  }                                                                          \
  XP_INTRINSIC inline V P##_maskz_##op(K k, V a, V b) {                      \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : 0;       \
    return r;                                                                \
  }
#define XP_LANES3(P, V, N, K, op, value)                                     \
  XP_INTRINSIC inline V P##_##op(V a, V b, V c) {                            \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = (value);                            \
    return r;                                                                \
  }                                                                          \
  XP_INTRINSIC inline V P##_mask_##op(V a, K k, V b, V c) {                  \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : a.v[i];  \
    return r;                                                                \
  }                                                                          \
  XP_INTRINSIC inline V P##_mask3_##op(V a, V b, V c, K k) {                 \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : c.v[i];  \
    return r;                                                                \
  }                                                                          \
  XP_INTRINSIC inline V P##_maskz_##op(K k, V a, V b, V c) {                 \
    V r;                                                                     \
    for (int i = 0; i < N; ++i) r.v[i] = ((k >> i) & 1) ? (value) : 0;       \
    return r;                                                                \
  }
#define XP_WIDTHS_PS(M, ...)                    \
  M(_mm512, __m512, 16, __mmask16, __VA_ARGS__) \
  M(_mm256, __m256, 8, __mmask8, __VA_ARGS__)   \
  M(_mm, __m128, 4, __mmask8, __VA_ARGS__)
#define XP_WIDTHS_PD(M, ...)                    \
  M(_mm512, __m512d, 8, __mmask8, __VA_ARGS__)  \
  M(_mm256, __m256d, 4, __mmask8, __VA_ARGS__)  \
  M(_mm, __m128d, 2, __mmask8, __VA_ARGS__)
#define XP_WIDTHS_EPI32(M, ...)                  \
  M(_mm512, __m512i, 16, __mmask16, __VA_ARGS__) \
  M(_mm256, __m256i, 8, __mmask8, __VA_ARGS__)   \
  M(_mm, __m128i, 4, __mmask8, __VA_ARGS__)
