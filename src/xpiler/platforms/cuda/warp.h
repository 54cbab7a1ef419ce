// Meeting points and exchanges of 32 lanes (Programming Guide, "Synchronization Functions" to "Warp Shuffle").
#pragma once

#ifdef XP_READING
// Clang knows this name, as a device function only.
#pragma clang force_cuda_host_device end
XP_PRIMITIVE("barrier.block") __device__ void __syncthreads();
#pragma clang force_cuda_host_device begin
XP_PRIMITIVE("barrier.block.count") int __syncthreads_count(int value);
XP_PRIMITIVE("barrier.block.and") int __syncthreads_and(int value);
XP_PRIMITIVE("barrier.block.or") int __syncthreads_or(int value);
XP_PRIMITIVE("barrier.warp") void __syncwarp(unsigned mask = 0xffffffffu);
XP_PRIMITIVE("nop") void __threadfence();
XP_PRIMITIVE("nop") void __threadfence_block();
XP_PRIMITIVE("nop") void __threadfence_system();
XP_PRIMITIVE("nop") void __nanosleep(unsigned ns);
XP_PRIMITIVE("nop") void __trap();
XP_PRIMITIVE("nop") void __brkpt();
template <class T>
XP_PRIMITIVE("shuffle.idx") T __shfl_sync(unsigned mask, T value, int lane, int width = 32);
template <class T>
XP_PRIMITIVE("shuffle.up") T __shfl_up_sync(unsigned mask, T value, unsigned lane, int width = 32);
template <class T>
XP_PRIMITIVE("shuffle.down") T __shfl_down_sync(unsigned mask, T value, unsigned lane, int width = 32);
template <class T>
XP_PRIMITIVE("shuffle.xor") T __shfl_xor_sync(unsigned mask, T value, int lane, int width = 32);
XP_PRIMITIVE("vote.any") int __any_sync(unsigned mask, int value);
XP_PRIMITIVE("vote.all") int __all_sync(unsigned mask, int value);
XP_PRIMITIVE("vote.ballot") unsigned __ballot_sync(unsigned mask, int value);
XP_PRIMITIVE("vote.active") unsigned __activemask();
#else
[[gnu::always_inline]] inline void __syncthreads() { xp::barrier_block(); }
[[gnu::always_inline]] inline int __syncthreads_count(int value) { return xp::barrier_block_vote(0, value); }
[[gnu::always_inline]] inline int __syncthreads_and(int value) { return xp::barrier_block_vote(1, value); }
[[gnu::always_inline]] inline int __syncthreads_or(int value) { return xp::barrier_block_vote(2, value); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { xp::barrier_warp(mask); }
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned) {}
inline void __trap() { XP_REQUIRE(false, "the kernel called __trap"); }
inline void __brkpt() {}
#define XP_SHUFFLE(name, kind)                                                     \
  template <class T>                                                               \
  inline T name(unsigned mask, T value, int lane, int width = 32) {                \
    xp_width(width);                                                               \
    return xp::shuffle(xp::kind, value, lane, unsigned(width), XP_WARP, mask);     \
  }
XP_SHUFFLE(__shfl_sync, LANE_IDX)
XP_SHUFFLE(__shfl_up_sync, LANE_UP)
XP_SHUFFLE(__shfl_down_sync, LANE_DOWN)
XP_SHUFFLE(__shfl_xor_sync, LANE_XOR)
#undef XP_SHUFFLE
inline int __any_sync(unsigned mask, int value) { return int(xp::vote(xp::VOTE_ANY, value != 0, mask)); }
inline int __all_sync(unsigned mask, int value) { return int(xp::vote(xp::VOTE_ALL, value != 0, mask)); }
inline unsigned __ballot_sync(unsigned mask, int value) {
  return unsigned(xp::vote(xp::VOTE_BALLOT, value != 0, mask));
}
inline unsigned __activemask() { return unsigned(xp::active_mask()); }
#endif
