// The instances of template intrinsics that a translation may choose from.
#pragma once

#ifdef XP_READING
#define XP_OFFER(T)                                                                  \
  inline void xp_offers(T* p, const T* q, T v) {                                     \
    __memcpy(p, q, 0, GDRAM2NRAM);                                                   \
    __memcpy(p, q, 0, GDRAM2NRAM, 0, 0, 0);                                          \
    __memcpy(p, q, 0, GDRAM2NRAM, 0, 0, 0, 0, 0, 0, 0, 0);                           \
    __memcpy_async(p, q, 0, GDRAM2NRAM);                                             \
    __memcpy_async(p, q, 0, GDRAM2NRAM, 0, 0, 0);                                    \
    __bang_move(p, q, 0);                                                            \
    __bang_write_value(p, 0, v);                                                     \
    __bang_write_zero(p, 0);                                                         \
    __bang_transpose(p, q, 0, 0);                                                    \
    __bang_pad(p, q, 0, 0, 0, 0, 0, 0, 0);                                           \
    __bang_pad(p, q, 0, 0, 0, 0, 0, 0, 0, v);                                        \
    __bang_reshape_filter(p, q, 0, 0, 0, 0);                                         \
    __bang_reshape_nhwc2nchw(p, q, 0, 0, 0, 0);                                      \
    __bang_reshape_nchw2nhwc(p, q, 0, 0, 0, 0);                                      \
  }
XP_OFFER(float)
XP_OFFER(half)
XP_OFFER(int)
XP_OFFER(short)
XP_OFFER(signed char)
XP_OFFER(unsigned char)
#undef XP_OFFER
#endif
