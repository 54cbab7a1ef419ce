// One float rounded to half in the directions the conversions name. The cast rounds to nearest, ties to even; the
// others start from it. A half has 11 significant bits and no step smaller than 2^-24.
#pragma once

// The next half towards zero, resp. away from it, from a value that is a half.
inline float xp_half_inward(float r) {
  if (fabsf(r) > 65504.0f) {
    return r > 0.0f ? 65504.0f : -65504.0f;
  }
  float step = fmaxf(fabsf(r) * 0.00048828125f, 5.9604644775390625e-8f);
  return (float)(half)(r > 0.0f ? r - step : r + step);
}
inline float xp_half_outward(float r, float sign) {
  float step = fmaxf(fabsf(r) * 0.000489234924316f, 5.9604644775390625e-8f);
  return (float)(half)(sign > 0.0f ? r + step : r - step);
}
inline half xp_half_tz(float x) {
  float r = (float)(half)x;
  return (half)(fabsf(r) > fabsf(x) ? xp_half_inward(r) : r);
}
inline half xp_half_oz(float x) {
  float r = (float)(half)x;
  return (half)(fabsf(r) < fabsf(x) ? xp_half_outward(r, x) : r);
}
inline half xp_half_up(float x) {
  return x > 0.0f ? xp_half_oz(x) : xp_half_tz(x);
}
inline half xp_half_dn(float x) {
  return x > 0.0f ? xp_half_tz(x) : xp_half_oz(x);
}
// To nearest, ties away from zero.
inline half xp_half_rd(float x) {
  float r = (float)(half)x;
  float outer = xp_half_outward(r, x);
  return (half)(fabsf(r) < fabsf(x) && fabsf(outer - x) == fabsf(x - r) ? outer : r);
}
// A float cut to bfloat16: one with 8 significant bits, so that a step is between 2^-8 and 2^-7 of it.
inline bfloat16_t xp_bfloat_tz(float x) {
  float r = (float)(bfloat16_t)x;
  if (fabsf(r) > fabsf(x)) {
    r = fabsf(r) > 3.3895e38f ? (r > 0.0f ? 3.38953139e38f : -3.38953139e38f) : r * 0.9951171875f;
  }
  return (bfloat16_t)r;
}
// The 32-bit integer nearest to a whole float, at the ends of the range where it lies outside; the lowest for a NaN.
inline int xp_saturate(float v) {
  return v >= 2147483648.0f ? 2147483647 : v >= -2147483648.0f ? (int)v : -2147483647 - 1;
}
