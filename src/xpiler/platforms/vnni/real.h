// Arithmetic on floats and doubles, lane by lane.
#pragma once

XP_WIDTHS_PS(XP_LANES2, add_ps, a.v[i] + b.v[i])
XP_WIDTHS_PS(XP_LANES2, sub_ps, a.v[i] - b.v[i])
XP_WIDTHS_PS(XP_LANES2, mul_ps, a.v[i] * b.v[i])
XP_WIDTHS_PS(XP_LANES2, div_ps, a.v[i] / b.v[i])
XP_WIDTHS_PS(XP_LANES2, max_ps, xp_max(a.v[i], b.v[i]))
XP_WIDTHS_PS(XP_LANES2, min_ps, xp_min(a.v[i], b.v[i]))
XP_WIDTHS_PS(XP_LANES1, sqrt_ps, sqrtf(a.v[i]))
XP_WIDTHS_PS(XP_LANES3, fmadd_ps, fmaf(a.v[i], b.v[i], c.v[i]))
XP_WIDTHS_PS(XP_LANES3, fmsub_ps, fmaf(a.v[i], b.v[i], -c.v[i]))
XP_WIDTHS_PS(XP_LANES3, fnmadd_ps, fmaf(-a.v[i], b.v[i], c.v[i]))
XP_WIDTHS_PS(XP_LANES3, fnmsub_ps, fmaf(-a.v[i], b.v[i], -c.v[i]))
XP_WIDTHS_PD(XP_LANES2, add_pd, a.v[i] + b.v[i])
XP_WIDTHS_PD(XP_LANES2, sub_pd, a.v[i] - b.v[i])
XP_WIDTHS_PD(XP_LANES2, mul_pd, a.v[i] * b.v[i])
XP_WIDTHS_PD(XP_LANES2, div_pd, a.v[i] / b.v[i])
XP_WIDTHS_PD(XP_LANES2, max_pd, a.v[i] > b.v[i] ? a.v[i] : b.v[i])
XP_WIDTHS_PD(XP_LANES2, min_pd, a.v[i] < b.v[i] ? a.v[i] : b.v[i])
XP_WIDTHS_PD(XP_LANES1, sqrt_pd, sqrt(a.v[i]))
XP_WIDTHS_PD(XP_LANES3, fmadd_pd, fma(a.v[i], b.v[i], c.v[i]))

// Approximations: the device's result may differ by a relative error of 2^-14; here they are exact.
XP_WIDTHS_PS(XP_LANES1, rcp14_ps, 1 / a.v[i])
XP_WIDTHS_PS(XP_LANES1, rsqrt14_ps, 1 / sqrtf(a.v[i]))

#define XP_PLAIN1(P, V, N, K, op, value)              \
  XP_INTRINSIC inline V P##_##op(V a) {               \
    V r;                                              \
    for (int i = 0; i < N; ++i) r.v[i] = (value);     \
    return r;                                         \
  }
#define XP_PLAIN2(P, V, N, K, op, value)              \
  XP_INTRINSIC inline V P##_##op(V a, V b) {          \
    V r;                                              \
    for (int i = 0; i < N; ++i) r.v[i] = (value);     \
    return r;                                         \
  }
#define XP_PLAIN3(P, V, N, K, op, value)              \
  XP_INTRINSIC inline V P##_##op(V a, V b, V c) {     \
    V r;                                              \
    for (int i = 0; i < N; ++i) r.v[i] = (value);     \
    return r;                                         \
  }
// Relative error at most 1.5 * 2^-12 on the device (SDM, RCPPS and RSQRTPS); exact here.
XP_PLAIN1(_mm256, __m256, 8, , rcp_ps, 1 / a.v[i])
XP_PLAIN1(_mm256, __m256, 8, , rsqrt_ps, 1 / sqrtf(a.v[i]))
XP_PLAIN1(_mm, __m128, 4, , rcp_ps, 1 / a.v[i])
XP_PLAIN1(_mm, __m128, 4, , rsqrt_ps, 1 / sqrtf(a.v[i]))
XP_WIDTHS_PS(XP_PLAIN1, floor_ps, floorf(a.v[i]))
XP_WIDTHS_PS(XP_PLAIN1, ceil_ps, ceilf(a.v[i]))
XP_WIDTHS_PD(XP_PLAIN1, floor_pd, floor(a.v[i]))
XP_WIDTHS_PD(XP_PLAIN1, ceil_pd, ceil(a.v[i]))
XP_PLAIN1(_mm512, __m512, 16, , abs_ps, fabsf(a.v[i]))
XP_PLAIN1(_mm512, __m512d, 8, , abs_pd, fabs(a.v[i]))

// Rounding to an integer by an immediate; a nonzero scale (its upper four bits) is outside what kernels use.
#define XP_ROUND(P, V, N, op)                                                                    \
  XP_INTRINSIC inline V P##_##op(V a, int mode) {                                                \
    XP_REQUIRE((mode & 0xf0) == 0, "rounding to a fraction of an integer");                      \
    V r;                                                                                         \
    for (int i = 0; i < N; ++i) r.v[i] = xp_round(a.v[i], mode);                                 \
    return r;                                                                                    \
  }
XP_ROUND(_mm512, __m512, 16, roundscale_ps)
XP_ROUND(_mm256, __m256, 8, roundscale_ps)
XP_ROUND(_mm256, __m256, 8, round_ps)
XP_ROUND(_mm, __m128, 4, roundscale_ps)
XP_ROUND(_mm, __m128, 4, round_ps)

// The bits of floats.
XP_WIDTHS_PS(XP_LANES2, and_ps, xp_float_of(xp_int_bits(a.v[i]) & xp_int_bits(b.v[i])))
XP_WIDTHS_PS(XP_LANES2, or_ps, xp_float_of(xp_int_bits(a.v[i]) | xp_int_bits(b.v[i])))
XP_WIDTHS_PS(XP_LANES2, xor_ps, xp_float_of(xp_int_bits(a.v[i]) ^ xp_int_bits(b.v[i])))
XP_WIDTHS_PS(XP_LANES2, andnot_ps, xp_float_of(~xp_int_bits(a.v[i]) & xp_int_bits(b.v[i])))

// 2^floor(b) times a.
XP_WIDTHS_PS(XP_LANES2, scalef_ps, a.v[i] * exp2f(floorf(b.v[i])))

// Element 0 only; the others come from a.
#define XP_FIRST(op, value)                                                     \
  XP_INTRINSIC inline __m128 _mm_##op(__m128 a, __m128 b) {                     \
    __m128 r;                                                                   \
    for (int i = 0; i < 4; ++i) r.v[i] = i == 0 ? (value) : a.v[i];             \
    return r;                                                                   \
  }
XP_FIRST(add_ss, a.v[0] + b.v[0])
XP_FIRST(sub_ss, a.v[0] - b.v[0])
XP_FIRST(mul_ss, a.v[0] * b.v[0])
XP_FIRST(div_ss, a.v[0] / b.v[0])
XP_FIRST(max_ss, xp_max(a.v[0], b.v[0]))
XP_FIRST(min_ss, xp_min(a.v[0], b.v[0]))
XP_FIRST(move_ss, b.v[0])
