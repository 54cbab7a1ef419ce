// Activation functions (sec 3.22, 3.28). The hardware's tables are approximate and clamp far from zero; the meaning is
// the exact function. The more precise form of each comes first: a translation takes the first that fits.
#pragma once

#define XP_ACTIVE(name, value) XP_FLOATS(XP_MAP1, __bang_active_##name, value)
#define XP_X ((float)src[i])
XP_ACTIVE(exphp, expf(XP_X))
XP_ACTIVE(exp, expf(XP_X))
XP_ACTIVE(exp_less_0, expf(XP_X))
XP_ACTIVE(loghp, logf(XP_X))
XP_ACTIVE(log, logf(XP_X))
XP_ACTIVE(pow2, exp2f(XP_X))
XP_ACTIVE(reciphp, 1.0f / XP_X)
XP_ACTIVE(recip, 1.0f / XP_X)
XP_ACTIVE(recip_greater_1, 1.0f / XP_X)
XP_ACTIVE(sqrthp, sqrtf(XP_X))
XP_ACTIVE(sqrt, sqrtf(XP_X))
XP_ACTIVE(rsqrthp, 1.0f / sqrtf(XP_X))
XP_ACTIVE(rsqrt, rsqrtf(XP_X))
XP_ACTIVE(sin, sinf(XP_X))
XP_ACTIVE(cos, cosf(XP_X))
XP_ACTIVE(tanh, tanhf(XP_X))
XP_ACTIVE(abs, fabsf(XP_X))
XP_ACTIVE(relu, fmaxf(XP_X, 0.0f))
XP_ACTIVE(sigmoid, 1.0f / (1.0f + expf(-XP_X)))
// Zero counts as positive.
XP_ACTIVE(sign, XP_X >= 0.0f ? 1.0f : -1.0f)
XP_ACTIVE(gelu, XP_X * 0.5f * (1.0f + erff(XP_X / (float)1.41421356237309504880)))
XP_ACTIVE(gelup, 0.5f * XP_X * (1.0f + erff(XP_X * (float)0.70710678118654752440)))

// Rectifiers; relun is bounded above by nvalue.
#if __BANG_ARCH__ >= 300
XP_FLOATS(XP_MAP1, __bang_relu, fmaxf(XP_X, 0.0f))
XP_SIGNED(XP_MAP1, __bang_relu, src[i] > 0 ? src[i] : 0)
#define XP_RELUN(T, result)                                                           \
  XP_INTRINSIC inline void __bang_relun(T* dst, const T* src, int elem_count, T nvalue) { \
    XP_IN_NRAM(src, elem_count);                                                      \
    XP_OUT_NRAM(dst, elem_count);                                                     \
    XP_COUNT(elem_count);                                                             \
    for (int i = 0; i < elem_count; ++i) {                                            \
      dst[i] = (T)(result);                                                           \
    }                                                                                 \
  }
XP_FLOATS(XP_RELUN, fminf(fmaxf(XP_X, 0.0f), (float)nvalue))
#undef XP_RELUN
#endif

// Series with two scratch vectors of the operands' size, all four apart.
#define XP_TAYLOR(T, name, value)                                                          \
  XP_INTRINSIC inline void name(T* dst, const T* src, const T* aux1, const T* aux2, int elem_count) { \
    XP_IN_NRAM(src, elem_count);                                                           \
    XP_IN_NRAM(aux1, elem_count);                                                          \
    XP_IN_NRAM(aux2, elem_count);                                                          \
    XP_OUT_NRAM(dst, elem_count);                                                          \
    XP_VECTOR(dst, elem_count);                                                            \
    XP_APART(dst, elem_count, src, elem_count);                                            \
    XP_APART(dst, elem_count, aux1, elem_count);                                           \
    XP_APART(dst, elem_count, aux2, elem_count);                                           \
    for (int i = 0; i < elem_count; ++i) {                                                 \
      dst[i] = (T)(value);                                                                 \
    }                                                                                      \
  }
XP_FLOATS(XP_TAYLOR, __bang_taylor3_sigmoid, 1.0f / (1.0f + expf(-XP_X)))
XP_FLOATS(XP_TAYLOR, __bang_taylor4_sigmoid, 1.0f / (1.0f + expf(-XP_X)))
XP_FLOATS(XP_TAYLOR, __bang_taylor3_tanh, tanhf(XP_X))
XP_FLOATS(XP_TAYLOR, __bang_taylor4_tanh, tanhf(XP_X))
XP_FLOATS(XP_TAYLOR, __bang_taylor3_softplus, logf(1.0f + expf(XP_X)))
XP_FLOATS(XP_TAYLOR, __bang_taylor4_softplus, logf(1.0f + expf(XP_X)))
#undef XP_TAYLOR
#undef XP_ACTIVE
#undef XP_X
