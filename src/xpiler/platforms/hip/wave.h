// Meeting points and exchanges of 64 lanes (HIP documentation, "Warp cross-lane functions").
#pragma once

#ifdef XP_READING
// Clang knows this name, as a device function only.
#pragma clang force_cuda_host_device end
XP_PRIMITIVE("barrier.block") __device__ void __syncthreads();
#pragma clang force_cuda_host_device begin
XP_PRIMITIVE("barrier.block.count") int __syncthreads_count(int value);
XP_PRIMITIVE("barrier.block.and") int __syncthreads_and(int value);
XP_PRIMITIVE("barrier.block.or") int __syncthreads_or(int value);
XP_PRIMITIVE("barrier.warp") void __syncwarp(unsigned long long mask = ~0ull);
XP_PRIMITIVE("barrier.warp") void __builtin_amdgcn_wave_barrier();
XP_PRIMITIVE("barrier.block") void __builtin_amdgcn_s_barrier();
XP_PRIMITIVE("nop") void __threadfence();
XP_PRIMITIVE("nop") void __threadfence_block();
XP_PRIMITIVE("nop") void __threadfence_system();
#define XP_SHUFFLE(canonical, name, kind)                                       \
  template <class T>                                                            \
  XP_PRIMITIVE(canonical) T name(T value, int lane, int width = 64);            \
  template <class T>                                                            \
  XP_PRIMITIVE(canonical) T name##_sync(unsigned long long mask, T value, int lane, int width = 64);
XP_PRIMITIVE("vote.any") int __any(int value);
XP_PRIMITIVE("vote.all") int __all(int value);
XP_PRIMITIVE("vote.ballot") unsigned long long __ballot(int value);
XP_PRIMITIVE("vote.any") int __any_sync(unsigned long long mask, int value);
XP_PRIMITIVE("vote.all") int __all_sync(unsigned long long mask, int value);
XP_PRIMITIVE("vote.ballot") unsigned long long __ballot_sync(unsigned long long mask, int value);
XP_PRIMITIVE("vote.active") unsigned long long __activemask();
#else
[[gnu::always_inline]] inline void __syncthreads() { xp::barrier_block(); }
[[gnu::always_inline]] inline int __syncthreads_count(int value) { return xp::barrier_block_vote(0, value); }
[[gnu::always_inline]] inline int __syncthreads_and(int value) { return xp::barrier_block_vote(1, value); }
[[gnu::always_inline]] inline int __syncthreads_or(int value) { return xp::barrier_block_vote(2, value); }
inline void __syncwarp(unsigned long long mask = ~0ull) { xp::barrier_warp(mask); }
inline void __builtin_amdgcn_wave_barrier() { xp::barrier_warp(~0ull); }
[[gnu::always_inline]] inline void __builtin_amdgcn_s_barrier() { xp::barrier_block(); }
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
#define XP_SHUFFLE(canonical, name, kind)                                                           \
  template <class T>                                                                                \
  inline T name(T value, int lane, int width = 64) {                                                \
    xp_width(width);                                                                                \
    return xp::shuffle(xp::kind, value, lane, unsigned(width), XP_WARP, xp::ACTIVE);                \
  }                                                                                                 \
  template <class M, class T>                                                                       \
  inline T name##_sync(M mask, T value, int lane, int width = 64) {                                 \
    static_assert(sizeof(M) == 8, "the mask of a _sync function has 64 bits");                      \
    xp_width(width);                                                                                \
    return xp::shuffle(xp::kind, value, lane, unsigned(width), XP_WARP, mask);                      \
  }
inline int __any(int value) { return int(xp::vote(xp::VOTE_ANY, value != 0, xp::ACTIVE)); }
inline int __all(int value) { return int(xp::vote(xp::VOTE_ALL, value != 0, xp::ACTIVE)); }
inline unsigned long long __ballot(int value) { return xp::vote(xp::VOTE_BALLOT, value != 0, xp::ACTIVE); }
inline int __any_sync(unsigned long long mask, int value) {
  return int(xp::vote(xp::VOTE_ANY, value != 0, mask));
}
inline int __all_sync(unsigned long long mask, int value) {
  return int(xp::vote(xp::VOTE_ALL, value != 0, mask));
}
inline unsigned long long __ballot_sync(unsigned long long mask, int value) {
  return xp::vote(xp::VOTE_BALLOT, value != 0, mask);
}
inline unsigned long long __activemask() { return xp::active_mask(); }
#endif
XP_SHUFFLE("shuffle.idx", __shfl, LANE_IDX)
XP_SHUFFLE("shuffle.up", __shfl_up, LANE_UP)
XP_SHUFFLE("shuffle.down", __shfl_down, LANE_DOWN)
XP_SHUFFLE("shuffle.xor", __shfl_xor, LANE_XOR)
#undef XP_SHUFFLE
