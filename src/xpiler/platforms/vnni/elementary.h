// Functions that AVX-512 has no instruction for, by polynomials in every lane.
#pragma once

// e^r - 1 where |r| is at most ln 2 / 2.
static inline __m512 expm1_reduced_ps(__m512 r) {
    __m512 p = _mm512_set1_ps(1.98458820e-4f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.39406684e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(8.33339001e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(4.16663600e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.66666657e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
    return _mm512_fmadd_ps(_mm512_mul_ps(p, r), r, r);
}
// x - n ln 2, with ln 2 in two parts: a multiple of the first is exact.
static inline __m512 remainder_ps(__m512 x, __m512 n) {
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    return _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
}
// n, the whole number next to x / ln 2.
static inline __m512 exponent_ps(__m512 x) {
    return _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)),
        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// e^x = 2^n e^r with r = x - n ln 2; as 2^(n - 1) times 2 e^r, since 2^128 is no float.
// Within 1 ulp.
static inline __m512 exp_ps(__m512 x) {
    const __m512 one = _mm512_set1_ps(1.0f), two = _mm512_set1_ps(2.0f);
    x = _mm512_max_ps(_mm512_set1_ps(-104.0f), _mm512_min_ps(_mm512_set1_ps(89.0f), x));
    const __m512 n = exponent_ps(x);
    const __m512 twice = _mm512_fmadd_ps(expm1_reduced_ps(remainder_ps(x, n)), two, two);
    return _mm512_scalef_ps(twice, _mm512_sub_ps(n, one));
}

// tanh x = q / (q + 2) with q = e^2x - 1 = 2^n (e^r - 1) + (2^n - 1), right near zero too.
// Within 2.5 ulp.
static inline __m512 tanh_ps(__m512 x) {
    const __m512 one = _mm512_set1_ps(1.0f), two = _mm512_set1_ps(2.0f);
    x = _mm512_max_ps(_mm512_set1_ps(-10.0f), _mm512_min_ps(_mm512_set1_ps(10.0f), x));
    x = _mm512_add_ps(x, x);
    const __m512 n = exponent_ps(x);
    const __m512 scale = _mm512_scalef_ps(one, n);
    const __m512 part = expm1_reduced_ps(remainder_ps(x, n));
    const __m512 q = _mm512_fmadd_ps(scale, part, _mm512_sub_ps(scale, one));
    return _mm512_div_ps(q, _mm512_add_ps(q, two));
}

// erf x = x + x P(x^2) near zero, else 1 - e^(t R(t)) with t = |x| and the sign of x.
// Within 1.1 ulp.
static inline __m512 erf_ps(__m512 x) {
    const __m512 zero = _mm512_setzero_ps();
    const __m512 z = _mm512_mul_ps(x, x);
    __m512 p = _mm512_set1_ps(-6.09038567e-4f);
    p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(5.01196858e-3f));
    p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(-2.67789136e-2f));
    p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(1.12821410e-1f));
    p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(-3.76125233e-1f));
    p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(1.28379154e-1f));
    const __m512 t = _mm512_min_ps(_mm512_set1_ps(4.0f), _mm512_abs_ps(x));
    __m512 r = _mm512_set1_ps(2.14595014e-4f);
    r = _mm512_fmadd_ps(r, t, _mm512_set1_ps(-3.21997543e-3f));
    r = _mm512_fmadd_ps(r, t, _mm512_set1_ps(2.29060310e-2f));
    r = _mm512_fmadd_ps(r, t, _mm512_set1_ps(-1.05286854e-1f));
    r = _mm512_fmadd_ps(r, t, _mm512_set1_ps(-6.35699368e-1f));
    r = _mm512_fmadd_ps(r, t, _mm512_set1_ps(-1.28519951e-1f));
    r = _mm512_fmsub_ps(r, t, t);
    const __m512 y = _mm512_sub_ps(_mm512_set1_ps(1.0f), exp_ps(r));
    const __mmask16 negative = _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ);
    const __mmask16 near_zero = _mm512_cmp_ps_mask(t, _mm512_set1_ps(0.9f), _CMP_LT_OQ);
    const __m512 signed_y = _mm512_mask_sub_ps(y, negative, zero, y);
    return _mm512_mask_blend_ps(near_zero, signed_y, _mm512_fmadd_ps(p, x, x));
}
