// The 16-bit reals: half and bfloat16, alone and in pairs.
#pragma once

typedef _Float16 half;
typedef _Float16 __half;

#ifdef XP_READING
typedef __bf16 xp_bf16;
#else
// The upper half of a float, rounded to nearest even.
struct xp_bf16 {
  unsigned short bits;
  xp_bf16() = default;
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T> || std::is_same_v<T, _Float16>>>
  xp_bf16(T a) {
    auto narrow = static_cast<xp_f32>(a);
    unsigned u;
    std::memcpy(&u, &narrow, 4);
    bits = (u & 0x7fffffffu) > 0x7f800000u ? (unsigned short)((u >> 16) | 64)
                                           : (unsigned short)((u + 0x7fffu + ((u >> 16) & 1)) >> 16);
  }
  operator xp_f32() const {
    unsigned u = (unsigned)bits << 16;
    xp_f32 a;
    std::memcpy(&a, &u, 4);
    return a;
  }
#define XP_UPDATE(op) \
  xp_bf16& operator op##=(float b) { return *this = xp_bf16((float)*this op b); }
  XP_UPDATE(+)
  XP_UPDATE(-)
  XP_UPDATE(*)
  XP_UPDATE(/)
#undef XP_UPDATE
};
// Of two bfloat16 only: with a wider operand the sum is as wide as that one.
#define XP_PAIR(op)                                                             \
  template <class T, class = std::enable_if_t<std::is_same_v<T, xp_bf16>>>      \
  inline T operator op(T a, T b) {                                              \
    return T((float)a op (float)b);                                             \
  }
XP_PAIR(+)
XP_PAIR(-)
XP_PAIR(*)
XP_PAIR(/)
#undef XP_PAIR
#endif

struct __attribute__((aligned(4))) half2 {
  half x, y;
};
typedef half2 __half2;
struct __attribute__((aligned(4))) xp_bf162 {
  xp_bf16 x, y;
};

inline half __float2half(float a) { return (half)a; }
inline half __float2half_rn(float a) { return (half)a; }
inline float __half2float(half a) { return (float)a; }
inline half __int2half_rn(int a) { return (half)a; }
inline int __half2int_rn(half a) { return (int)rintf((float)a); }
inline int __half2int_rz(half a) { return (int)(float)a; }
inline half __double2half(double a) { return (half)a; }
inline half2 make_half2(half x, half y) { return {x, y}; }
inline half2 __halves2half2(half x, half y) { return {x, y}; }
inline half2 __half2half2(half a) { return {a, a}; }
inline half2 __float2half2_rn(float a) { return {(half)a, (half)a}; }
inline half2 __floats2half2_rn(float x, float y) { return {(half)x, (half)y}; }
inline half2 __float22half2_rn(float2 a) { return {(half)a.x, (half)a.y}; }
inline float2 __half22float2(half2 a) { return {(float)a.x, (float)a.y}; }
inline half __low2half(half2 a) { return a.x; }
inline half __high2half(half2 a) { return a.y; }
inline float __low2float(half2 a) { return (float)a.x; }
inline float __high2float(half2 a) { return (float)a.y; }

inline xp_bf16 __float2bfloat16(float a) { return (xp_bf16)a; }
inline xp_bf16 __float2bfloat16_rn(float a) { return (xp_bf16)a; }
inline float __bfloat162float(xp_bf16 a) { return (float)a; }
inline xp_bf162 __floats2bfloat162_rn(float x, float y) { return {(xp_bf16)x, (xp_bf16)y}; }
inline float2 __bfloat1622float2(xp_bf162 a) { return {(float)a.x, (float)a.y}; }

// Arithmetic of the two, computed in float and rounded once.
#define XP_NARROW(T, T2)                                                                          \
  inline T __hadd(T a, T b) { return (T)((float)a + (float)b); }                                  \
  inline T __hsub(T a, T b) { return (T)((float)a - (float)b); }                                  \
  inline T __hmul(T a, T b) { return (T)((float)a * (float)b); }                                  \
  inline T __hdiv(T a, T b) { return (T)((float)a / (float)b); }                                  \
  inline T __hfma(T a, T b, T c) { return (T)fmaf((float)a, (float)b, (float)c); }                \
  inline T __hneg(T a) { return (T)(-(float)a); }                                                 \
  inline T __habs(T a) { return (T)fabsf((float)a); }                                             \
  inline T __hmax(T a, T b) { return (T)fmaxf((float)a, (float)b); }                              \
  inline T __hmin(T a, T b) { return (T)fminf((float)a, (float)b); }                              \
  inline bool __hgt(T a, T b) { return (float)a > (float)b; }                                     \
  inline bool __hge(T a, T b) { return (float)a >= (float)b; }                                    \
  inline bool __hlt(T a, T b) { return (float)a < (float)b; }                                     \
  inline bool __hle(T a, T b) { return (float)a <= (float)b; }                                    \
  inline bool __heq(T a, T b) { return (float)a == (float)b; }                                    \
  inline bool __hisnan(T a) { return isnan((float)a); }                                           \
  inline T hexp(T a) { return (T)expf((float)a); }                                                \
  inline T hexp2(T a) { return (T)exp2f((float)a); }                                              \
  inline T hlog(T a) { return (T)logf((float)a); }                                                \
  inline T hsqrt(T a) { return (T)sqrtf((float)a); }                                              \
  inline T hrsqrt(T a) { return (T)rsqrtf((float)a); }                                            \
  inline T hrcp(T a) { return (T)(1 / (float)a); }                                                \
  inline T hsin(T a) { return (T)sinf((float)a); }                                                \
  inline T hcos(T a) { return (T)cosf((float)a); }                                                \
  inline T htanh(T a) { return (T)tanhf((float)a); }                                              \
  inline T hfloor(T a) { return (T)floorf((float)a); }                                            \
  inline T hceil(T a) { return (T)ceilf((float)a); }                                              \
  inline T hrint(T a) { return (T)rintf((float)a); }                                              \
  inline T2 __hadd2(T2 a, T2 b) { return {__hadd(a.x, b.x), __hadd(a.y, b.y)}; }                  \
  inline T2 __hsub2(T2 a, T2 b) { return {__hsub(a.x, b.x), __hsub(a.y, b.y)}; }                  \
  inline T2 __hmul2(T2 a, T2 b) { return {__hmul(a.x, b.x), __hmul(a.y, b.y)}; }                  \
  inline T2 __h2div(T2 a, T2 b) { return {__hdiv(a.x, b.x), __hdiv(a.y, b.y)}; }                  \
  inline T2 __hfma2(T2 a, T2 b, T2 c) { return {__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)}; }  \
  inline T2 __hmax2(T2 a, T2 b) { return {__hmax(a.x, b.x), __hmax(a.y, b.y)}; }                  \
  inline T2 __hmin2(T2 a, T2 b) { return {__hmin(a.x, b.x), __hmin(a.y, b.y)}; }                  \
  inline T2 h2exp(T2 a) { return {hexp(a.x), hexp(a.y)}; }                                        \
  inline T2 h2log(T2 a) { return {hlog(a.x), hlog(a.y)}; }                                        \
  inline T2 h2sqrt(T2 a) { return {hsqrt(a.x), hsqrt(a.y)}; }                                     \
  inline T2 h2rsqrt(T2 a) { return {hrsqrt(a.x), hrsqrt(a.y)}; }                                  \
  inline T2 operator+(T2 a, T2 b) { return __hadd2(a, b); }                                       \
  inline T2 operator-(T2 a, T2 b) { return __hsub2(a, b); }                                       \
  inline T2 operator*(T2 a, T2 b) { return __hmul2(a, b); }                                       \
  inline T2 operator/(T2 a, T2 b) { return __h2div(a, b); }
XP_NARROW(half, half2)
XP_NARROW(xp_bf16, xp_bf162)
#undef XP_NARROW
