// Element type conversions in NRAM (sec 3.23). A fixed-point integer v with position p stands for v * 2^p; conversions
// to integers saturate. Suffixes: tz toward zero, oz away from it, up and dn toward +inf and -inf, rd to nearest with
// ties away from zero, rn with ties to even; no suffix: toward zero. Widening conversions must not overlap.
#pragma once
#include "rounding.h"

#define XP_CONVERT(name, D, S, value)                                    \
  XP_INTRINSIC inline void name(D* dst, const S* src, int src_count) {   \
    XP_IN_NRAM(src, src_count);                                          \
    XP_OUT_NRAM(dst, src_count);                                         \
    XP_COUNT(src_count);                                                 \
    for (int i = 0; i < src_count; ++i) {                                \
      dst[i] = value;                                                    \
    }                                                                    \
  }
// A narrow element must not be overwritten before it is read.
#define XP_WIDEN(name, D, S, value)                                      \
  XP_INTRINSIC inline void name(D* dst, const S* src, int src_count) {   \
    XP_IN_NRAM(src, src_count);                                          \
    XP_OUT_NRAM(dst, src_count);                                         \
    XP_COUNT(src_count);                                                 \
    XP_APART(dst, src_count, src, src_count);                            \
    for (int i = 0; i < src_count; ++i) {                                \
      dst[i] = value;                                                    \
    }                                                                    \
  }

// Between the floats.
XP_WIDEN(__bang_half2float, float, half, (float)src[i])
XP_CONVERT(__bang_float2half_rn, half, float, (half)src[i])
XP_CONVERT(__bang_float2half_rd, half, float, xp_half_rd(src[i]))
XP_CONVERT(__bang_float2half_tz, half, float, xp_half_tz(src[i]))
XP_CONVERT(__bang_float2half_oz, half, float, xp_half_oz(src[i]))
XP_CONVERT(__bang_float2half_up, half, float, xp_half_up(src[i]))
XP_CONVERT(__bang_float2half_dn, half, float, xp_half_dn(src[i]))
XP_WIDEN(__bang_bfloat162float, float, bfloat16_t, (float)src[i])
XP_CONVERT(__bang_float2bfloat16_rn, bfloat16_t, float, (bfloat16_t)src[i])
XP_CONVERT(__bang_float2bfloat16_tz, bfloat16_t, float, xp_bfloat_tz(src[i]))
XP_CONVERT(__bang_bfloat162half_rn, half, bfloat16_t, (half)(float)src[i])
XP_CONVERT(__bang_half2bfloat16_rn, bfloat16_t, half, (bfloat16_t)(float)src[i])

// Bytes to half and back, without a position.
XP_WIDEN(__bang_uchar2half, half, uint8_t, (half)src[i])
XP_CONVERT(__bang_half2uchar_dn, uint8_t, half, (uint8_t)fminf(fmaxf(floorf((float)src[i]), 0.0f), 255.0f))

#define XP_FIXED_RULES(src_count)                                                             \
  XP_IN_NRAM(src, src_count);                                                                 \
  XP_OUT_NRAM(dst, src_count);                                                                \
  XP_COUNT(src_count);                                                                        \
  XP_REQUIRE(fix_position >= -127 && fix_position <= 127, "fix_position is outside [-127, 127]")
#define XP_CONVERT_FIXED(name, D, S, value)                                              \
  XP_INTRINSIC inline void name(D* dst, const S* src, int src_count, int fix_position) { \
    XP_FIXED_RULES(src_count);                                                           \
    for (int i = 0; i < src_count; ++i) {                                                \
      dst[i] = value;                                                                    \
    }                                                                                    \
  }
#define XP_WIDEN_FIXED(name, D, S, value)                                                \
  XP_INTRINSIC inline void name(D* dst, const S* src, int src_count, int fix_position) { \
    XP_FIXED_RULES(src_count);                                                           \
    XP_APART(dst, src_count, src, src_count);                                            \
    for (int i = 0; i < src_count; ++i) {                                                \
      dst[i] = value;                                                                    \
    }                                                                                    \
  }

// Integer to float. 32-bit integers beyond 2^24 are rounded to nearest, where the form without suffix would cut.
#define XP_SCALED ((float)src[i] * exp2f((float)fix_position))
XP_WIDEN_FIXED(__bang_int82float, float, int8_t, XP_SCALED)
XP_WIDEN_FIXED(__bang_int162float, float, int16_t, XP_SCALED)
XP_CONVERT_FIXED(__bang_int322float, float, int32_t, XP_SCALED)
XP_CONVERT_FIXED(__bang_int322float_rn, float, int32_t, XP_SCALED)
XP_CONVERT_FIXED(__bang_int322float_rd, float, int32_t, XP_SCALED)
XP_CONVERT_FIXED(__bang_int2float, float, int32_t, XP_SCALED)
XP_WIDEN_FIXED(__bang_int82half, half, int8_t, xp_half_tz(XP_SCALED))
XP_CONVERT_FIXED(__bang_int162half, half, int16_t, xp_half_tz(XP_SCALED))
XP_CONVERT_FIXED(__bang_int322half, half, int32_t, xp_half_tz(XP_SCALED))
#undef XP_SCALED

// Float to integer.
#define XP_UNSCALED ((float)src[i] * exp2f((float)-fix_position))
#define XP_TO_INT8(round) (int8_t)fminf(fmaxf(round(XP_UNSCALED), -128.0f), 127.0f)
#define XP_TO_INT16(round) (int16_t)fminf(fmaxf(round(XP_UNSCALED), -32768.0f), 32767.0f)
#define XP_TO_INT32(round) xp_saturate(round(XP_UNSCALED))
XP_CONVERT_FIXED(__bang_float2int8_tz, int8_t, float, XP_TO_INT8(truncf))
XP_CONVERT_FIXED(__bang_float2int8_dn, int8_t, float, XP_TO_INT8(floorf))
XP_CONVERT_FIXED(__bang_float2int8_rd, int8_t, float, XP_TO_INT8(roundf))
XP_CONVERT_FIXED(__bang_float2int8_up, int8_t, float, XP_TO_INT8(ceilf))
XP_CONVERT_FIXED(__bang_float2int8_rn, int8_t, float, XP_TO_INT8(rintf))
XP_CONVERT_FIXED(__bang_float2int16_tz, int16_t, float, XP_TO_INT16(truncf))
XP_CONVERT_FIXED(__bang_float2int16_dn, int16_t, float, XP_TO_INT16(floorf))
XP_CONVERT_FIXED(__bang_float2int16_rd, int16_t, float, XP_TO_INT16(roundf))
XP_CONVERT_FIXED(__bang_float2int16_up, int16_t, float, XP_TO_INT16(ceilf))
XP_CONVERT_FIXED(__bang_float2int16_rn, int16_t, float, XP_TO_INT16(rintf))
XP_CONVERT_FIXED(__bang_float2int32, int32_t, float, XP_TO_INT32(truncf))
XP_CONVERT_FIXED(__bang_float2int32_tz, int32_t, float, XP_TO_INT32(truncf))
XP_CONVERT_FIXED(__bang_float2int32_dn, int32_t, float, XP_TO_INT32(floorf))
XP_CONVERT_FIXED(__bang_float2int32_up, int32_t, float, XP_TO_INT32(ceilf))
XP_CONVERT_FIXED(__bang_float2int32_rd, int32_t, float, XP_TO_INT32(roundf))
XP_CONVERT_FIXED(__bang_float2int32_rn, int32_t, float, XP_TO_INT32(rintf))
XP_CONVERT_FIXED(__bang_float2int_tz, int32_t, float, XP_TO_INT32(truncf))
XP_CONVERT_FIXED(__bang_float2int_rd, int32_t, float, XP_TO_INT32(roundf))
XP_CONVERT_FIXED(__bang_float2int_rn, int32_t, float, XP_TO_INT32(rintf))
XP_CONVERT_FIXED(__bang_half2int8_tz, int8_t, half, XP_TO_INT8(truncf))
XP_CONVERT_FIXED(__bang_half2int8_dn, int8_t, half, XP_TO_INT8(floorf))
XP_CONVERT_FIXED(__bang_half2int8_rd, int8_t, half, XP_TO_INT8(roundf))
XP_CONVERT_FIXED(__bang_half2int8_up, int8_t, half, XP_TO_INT8(ceilf))
XP_CONVERT_FIXED(__bang_half2int8_rn, int8_t, half, XP_TO_INT8(rintf))
XP_CONVERT_FIXED(__bang_half2int16_tz, int16_t, half, XP_TO_INT16(truncf))
XP_CONVERT_FIXED(__bang_half2int16_dn, int16_t, half, XP_TO_INT16(floorf))
XP_CONVERT_FIXED(__bang_half2int16_up, int16_t, half, XP_TO_INT16(ceilf))
XP_CONVERT_FIXED(__bang_half2int16_rd, int16_t, half, XP_TO_INT16(roundf))
XP_CONVERT_FIXED(__bang_half2int16_rn, int16_t, half, XP_TO_INT16(rintf))
XP_WIDEN_FIXED(__bang_half2int32_tz, int32_t, half, XP_TO_INT32(truncf))
XP_WIDEN_FIXED(__bang_half2int32_rd, int32_t, half, XP_TO_INT32(roundf))
#undef XP_UNSCALED
#undef XP_TO_INT8
#undef XP_TO_INT16
#undef XP_TO_INT32

// Between integers of different positions, toward zero.
#define XP_REPOSITION(name, D, S, low, high)                                                          \
  XP_INTRINSIC inline void name(D* dst, const S* src, int src_count, int dst_position, int src_position) { \
    XP_IN_NRAM(src, src_count);                                                                       \
    XP_OUT_NRAM(dst, src_count);                                                                      \
    XP_COUNT(src_count);                                                                              \
    XP_REQUIRE(sizeof(D) < sizeof(S) || (const char*)(dst + src_count) <= (const char*)src ||         \
                   (const char*)(src + src_count) <= (const char*)dst,                                \
               "`dst` and `src` must not overlap");                                                   \
    for (int i = 0; i < src_count; ++i) {                                                             \
      double moved = trunc((double)src[i] * exp2((double)(src_position - dst_position)));             \
      dst[i] = (D)fmin(fmax(moved, low), high);                                                       \
    }                                                                                                 \
  }
XP_REPOSITION(__bang_int82int16, int16_t, int8_t, -32768.0, 32767.0)
XP_REPOSITION(__bang_int82int32, int32_t, int8_t, -2147483648.0, 2147483647.0)
XP_REPOSITION(__bang_int162int32, int32_t, int16_t, -2147483648.0, 2147483647.0)
XP_REPOSITION(__bang_int322int16, int16_t, int32_t, -32768.0, 32767.0)
XP_REPOSITION(__bang_int322int8, int8_t, int32_t, -128.0, 127.0)
#undef XP_REPOSITION
#undef XP_CONVERT
#undef XP_WIDEN
#undef XP_CONVERT_FIXED
#undef XP_WIDEN_FIXED
#undef XP_FIXED_RULES
