// All lanes of a vector into one scalar. These are sequences of instructions whose order of operations the vendor
// leaves open; here it is from the first lane to the last.
#pragma once

#define XP_REDUCE(V, N, T, op, start, step)        \
  XP_INTRINSIC inline T _mm512_reduce_##op(V a) {   \
    T r = (start);                                  \
    for (int i = 0; i < N; ++i) r = (step);         \
    return r;                                       \
  }
#define XP_REDUCE_MASKED(V, N, K, T, op, start, step)                  \
  XP_REDUCE(V, N, T, op, start, step)                                  \
  XP_INTRINSIC inline T _mm512_mask_reduce_##op(K k, V a) {            \
    T r = (start);                                                     \
    for (int i = 0; i < N; ++i) r = ((k >> i) & 1) ? (step) : r;       \
    return r;                                                          \
  }
XP_REDUCE_MASKED(__m512, 16, __mmask16, float, add_ps, 0, r + a.v[i])
XP_REDUCE_MASKED(__m512, 16, __mmask16, float, mul_ps, 1, r * a.v[i])
XP_REDUCE_MASKED(__m512, 16, __mmask16, float, max_ps, -__builtin_inff(), xp_max(r, a.v[i]))
XP_REDUCE_MASKED(__m512, 16, __mmask16, float, min_ps, __builtin_inff(), xp_min(r, a.v[i]))
XP_REDUCE_MASKED(__m512d, 8, __mmask8, double, add_pd, 0, r + a.v[i])
XP_REDUCE_MASKED(__m512d, 8, __mmask8, double, max_pd, -__builtin_inf(), r > a.v[i] ? r : a.v[i])
XP_REDUCE_MASKED(__m512d, 8, __mmask8, double, min_pd, __builtin_inf(), r < a.v[i] ? r : a.v[i])
XP_REDUCE_MASKED(__m512i, 16, __mmask16, int, add_epi32, 0, r + a.v[i])
XP_REDUCE_MASKED(__m512i, 16, __mmask16, int, mul_epi32, 1, r * a.v[i])
XP_REDUCE_MASKED(__m512i, 16, __mmask16, int, max_epi32, -2147483647 - 1, r > a.v[i] ? r : a.v[i])
XP_REDUCE_MASKED(__m512i, 16, __mmask16, int, min_epi32, 2147483647, r < a.v[i] ? r : a.v[i])
XP_REDUCE_MASKED(__m512i, 16, __mmask16, unsigned, max_epu32, 0u, r > (unsigned)a.v[i] ? r : (unsigned)a.v[i])
XP_REDUCE_MASKED(__m512i, 16, __mmask16, unsigned, min_epu32, 4294967295u, r < (unsigned)a.v[i] ? r : (unsigned)a.v[i])
XP_REDUCE_MASKED(__m512i, 16, __mmask16, int, and_epi32, -1, r & a.v[i])
XP_REDUCE_MASKED(__m512i, 16, __mmask16, int, or_epi32, 0, r | a.v[i])
XP_REDUCE_MASKED(__m512d, 8, __mmask8, double, mul_pd, 1, r * a.v[i])
