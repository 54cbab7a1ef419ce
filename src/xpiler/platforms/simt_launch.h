// Launches by the addresses of their arguments, and device counters.
#pragma once

#ifdef XP_READING
long long clock64();
long long __clock64();
int __clock();
long long wall_clock64();
template <class... A>
XP_API(Error_t) XP_API(LaunchKernel)(void (*kernel)(A...), dim3 grid, dim3 block, void** args, size_t shared = 0,
                                     XP_API(Stream_t) stream = 0);
template <class... A>
XP_API(Error_t) XP_API(LaunchCooperativeKernel)(void (*kernel)(A...), dim3 grid, dim3 block, void** args,
                                                size_t shared = 0, XP_API(Stream_t) stream = 0);
#else
#include <ctime>  // clock() is the host's and the device's
// The others grow by the same step at every look, so that two runs see the same.
inline long long xp_ticks;
inline long long clock64() { return xp_ticks += 16; }
inline long long __clock64() { return clock64(); }
inline int __clock() { return (int)clock64(); }
inline long long wall_clock64() { return clock64(); }

template <class... A, std::size_t... I>
inline void xp_launch_with(void (*kernel)(A...), dim3 grid, dim3 block, std::size_t shared, void** args,
                           std::index_sequence<I...>) {
  XP_LAUNCH(kernel, grid, block, shared)(*static_cast<std::remove_reference_t<A>*>(args[I])...);
}
#define XP_BY_ADDRESS(name)                                                                                     \
  template <class... A>                                                                                         \
  inline XP_API(Error_t) XP_API(name)(void (*kernel)(A...), dim3 grid, dim3 block, void** args,                 \
                                      std::size_t shared = 0, XP_API(Stream_t) = nullptr) {                     \
    xp_launch_with(kernel, grid, block, shared, args, std::index_sequence_for<A...>());                         \
    return XP_API(Success);                                                                                     \
  }
XP_BY_ADDRESS(LaunchKernel)
XP_BY_ADDRESS(LaunchCooperativeKernel)
#undef XP_BY_ADDRESS
#endif
