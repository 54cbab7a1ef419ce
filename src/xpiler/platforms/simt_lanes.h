// What the lanes of a warp find out about each other's values, in terms of shuffles and votes. The platform says what a
// mask is: xp_mask.
#pragma once

// The lanes whose value has the same bits as the caller's; all of the mask if all are the same, else none.
template <class T>
inline xp_mask __match_any_sync(xp_mask mask, T value) {
  xp_mask same = 0;
  for (int lane = 0; lane < XP_WARP; ++lane) {
    const T other = __shfl_sync(mask, value, lane);
    if ((mask >> lane & 1) && other == value) same |= (xp_mask)1 << lane;
  }
  return same;
}
inline xp_mask __match_any_sync(xp_mask mask, float value) { return __match_any_sync(mask, __float_as_uint(value)); }
XP_WIDE(inline xp_mask __match_any_sync(xp_mask mask, double value) {
  return __match_any_sync(mask, __double_as_longlong(value));
})
template <class T>
inline xp_mask __match_all_sync(xp_mask mask, T value, int* all) {
  const int same = __all_sync(mask, value == __shfl_sync(mask, value, __ffsll(mask) - 1));
  *all = same;
  return same ? mask : (xp_mask)0;
}
inline xp_mask __match_all_sync(xp_mask mask, float value, int* all) {
  return __match_all_sync(mask, __float_as_uint(value), all);
}
XP_WIDE(inline xp_mask __match_all_sync(xp_mask mask, double value, int* all) {
  return __match_all_sync(mask, __double_as_longlong(value), all);
})

// One number out of those of the lanes of the mask (sm_80).
#define XP_REDUCE(name, T, first, next)                                   \
  inline T name(xp_mask mask, T value) {                                 \
    T all = first;                                                        \
    for (int lane = 0; lane < XP_WARP; ++lane) {                          \
      const T other = __shfl_sync(mask, value, lane);                     \
      if (mask >> lane & 1) all = next;                                   \
    }                                                                     \
    return all;                                                           \
  }
XP_REDUCE(__reduce_add_sync, int, 0, all + other)
XP_REDUCE(__reduce_add_sync, unsigned, 0u, all + other)
XP_REDUCE(__reduce_min_sync, int, 2147483647, min(all, other))
XP_REDUCE(__reduce_min_sync, unsigned, ~0u, min(all, other))
XP_REDUCE(__reduce_max_sync, int, -2147483647 - 1, max(all, other))
XP_REDUCE(__reduce_max_sync, unsigned, 0u, max(all, other))
XP_REDUCE(__reduce_and_sync, unsigned, ~0u, all & other)
XP_REDUCE(__reduce_or_sync, unsigned, 0u, all | other)
XP_REDUCE(__reduce_xor_sync, unsigned, 0u, all ^ other)
#undef XP_REDUCE
