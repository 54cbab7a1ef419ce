// What the functions of elementary.h do, to within their error: the form a tensorizer matches. Only for the library
// itself (XP_OFFERS); a text that calls them carries elementary.h.
#pragma once

#define XP_ELEMENTARY(name)                                  \
  XP_INTRINSIC inline __m512 name##_ps(__m512 a) {           \
    __m512 r;                                                \
    for (int i = 0; i < 16; ++i) r.v[i] = name##f(a.v[i]);   \
    return r;                                                \
  }
XP_ELEMENTARY(exp)
XP_ELEMENTARY(tanh)
XP_ELEMENTARY(erf)
#undef XP_ELEMENTARY
