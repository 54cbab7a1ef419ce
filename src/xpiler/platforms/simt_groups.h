// Cooperative groups (Programming Guide, "Cooperative Groups"): the block, its tiles, the lanes that are together, and
// the grid. A tile names its own lanes only, so tiles of one warp may go separate ways.
#pragma once

namespace cooperative_groups {

inline unsigned xp_rank() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
#ifdef XP_READING
XP_PRIMITIVE("barrier.device") void xp_grid_sync();
#define XP_TILE_MASK(N) (~(xp_mask)0)
#else
inline void xp_grid_sync() { xp::barrier_all(); }
#define XP_TILE_MASK(N) \
  ((N) == XP_WARP ? ~xp_mask(0) : ((xp_mask(1) << (N) % XP_WARP) - 1) << (xp::lane() & ~((N) - 1u)))
#endif

struct thread_block {
  void sync() const { __syncthreads(); }
  unsigned size() const { return blockDim.x * blockDim.y * blockDim.z; }
  unsigned num_threads() const { return blockDim.x * blockDim.y * blockDim.z; }
  unsigned thread_rank() const { return xp_rank(); }
  dim3 group_index() const { return dim3(blockIdx.x, blockIdx.y, blockIdx.z); }
  dim3 thread_index() const { return dim3(threadIdx.x, threadIdx.y, threadIdx.z); }
  dim3 group_dim() const { return dim3(blockDim.x, blockDim.y, blockDim.z); }
  dim3 dim_threads() const { return dim3(blockDim.x, blockDim.y, blockDim.z); }
};
inline thread_block this_thread_block() { return thread_block(); }

struct grid_group {
  void sync() const { xp_grid_sync(); }
  bool is_valid() const { return true; }
  unsigned long long num_blocks() const { return (unsigned long long)gridDim.x * gridDim.y * gridDim.z; }
  unsigned long long block_rank() const {
    return blockIdx.x + (unsigned long long)gridDim.x * (blockIdx.y + (unsigned long long)gridDim.y * blockIdx.z);
  }
  unsigned long long size() const { return num_blocks() * (blockDim.x * blockDim.y * blockDim.z); }
  unsigned long long num_threads() const { return size(); }
  unsigned long long thread_rank() const { return block_rank() * (blockDim.x * blockDim.y * blockDim.z) + xp_rank(); }
  dim3 group_dim() const { return dim3(gridDim.x, gridDim.y, gridDim.z); }
  dim3 dim_blocks() const { return dim3(gridDim.x, gridDim.y, gridDim.z); }
  dim3 block_index() const { return dim3(blockIdx.x, blockIdx.y, blockIdx.z); }
};
inline grid_group this_grid() { return grid_group(); }

// N neighbouring threads of a block, a power of two of at most a warp.
template <unsigned N>
struct xp_tile {
  static_assert(N > 0 && N <= XP_WARP && (N & (N - 1)) == 0, "a tile has a power of two of threads, at most a warp");
  void sync() const { __syncwarp(XP_TILE_MASK(N)); }
  unsigned size() const { return N; }
  unsigned num_threads() const { return N; }
  unsigned thread_rank() const { return xp_rank() % N; }
  unsigned meta_group_rank() const { return xp_rank() / N; }
  unsigned meta_group_size() const { return (blockDim.x * blockDim.y * blockDim.z + N - 1) / N; }
  template <class T>
  T shfl(T value, int rank) const { return __shfl_sync(XP_TILE_MASK(N), value, rank, N); }
  template <class T>
  T shfl_up(T value, unsigned by) const { return __shfl_up_sync(XP_TILE_MASK(N), value, by, N); }
  template <class T>
  T shfl_down(T value, unsigned by) const { return __shfl_down_sync(XP_TILE_MASK(N), value, by, N); }
  template <class T>
  T shfl_xor(T value, unsigned by) const { return __shfl_xor_sync(XP_TILE_MASK(N), value, by, N); }
  int any(int value) const { return ballot(value) != 0; }
  int all(int value) const { return ballot(!value) == 0; }
  xp_mask ballot(int value) const {
    const xp_mask lanes = __ballot_sync(XP_TILE_MASK(N), value) >> (xp_rank() % XP_WARP / N * N);
    return N == XP_WARP ? lanes : lanes & (((xp_mask)1 << N % XP_WARP) - 1);
  }
  template <class T>
  xp_mask match_any(T value) const {
    xp_mask same = 0;
    for (int rank = 0; rank < (int)N; ++rank)
      if (shfl(value, rank) == value) same |= (xp_mask)1 << rank;
    return same;
  }
};
// What it was cut from makes no difference to a tile.
template <unsigned N, class Parent = void>
using thread_block_tile = xp_tile<N>;
template <unsigned N, class Group>
inline xp_tile<N> tiled_partition(const Group& group) {
  return xp_tile<N>();
}

// The lanes of a warp that are together, ranked by lane.
struct coalesced_group {
  xp_mask lanes;
  void sync() const { __syncwarp(lanes); }
  unsigned size() const { return (unsigned)__popcll(lanes); }
  unsigned num_threads() const { return (unsigned)__popcll(lanes); }
  unsigned thread_rank() const { return (unsigned)__popcll(lanes & (((xp_mask)1 << xp_rank() % XP_WARP) - 1)); }
  int lane_of(int rank) const {
    int found = 0, left = rank;
    for (int lane = 0; lane < XP_WARP; ++lane) {
      if (lanes >> lane & 1) {
        if (left == 0) found = lane;
        left = left - 1;
      }
    }
    return found;
  }
  template <class T>
  T shfl(T value, int rank) const { return __shfl_sync(lanes, value, lane_of(rank)); }
  template <class T>
  T shfl_up(T value, unsigned by) const {
    const int rank = (int)thread_rank(), from = rank - (int)by;
    return __shfl_sync(lanes, value, lane_of(from < 0 ? rank : from));
  }
  template <class T>
  T shfl_down(T value, unsigned by) const {
    const int rank = (int)thread_rank(), from = rank + (int)by;
    return __shfl_sync(lanes, value, lane_of(from >= (int)size() ? rank : from));
  }
  int any(int value) const { return __any_sync(lanes, value); }
  int all(int value) const { return __all_sync(lanes, value); }
  xp_mask ballot(int value) const {
    const xp_mask voted = __ballot_sync(lanes, value);
    xp_mask packed = 0;
    int rank = 0;
    for (int lane = 0; lane < XP_WARP; ++lane) {
      if (lanes >> lane & 1) {
        if (voted >> lane & 1) packed |= (xp_mask)1 << rank;
        rank = rank + 1;
      }
    }
    return packed;
  }
};
inline coalesced_group coalesced_threads() {
  coalesced_group group;
  group.lanes = __activemask();
  return group;
}

#define XP_OPERATION(name, value)                       \
  template <class T>                             \
  struct name {                                         \
    T operator()(T a, T b) const { return value; }      \
  };
XP_OPERATION(plus, a + b)
XP_OPERATION(less, b < a ? b : a)
XP_OPERATION(greater, a < b ? b : a)
XP_OPERATION(bit_and, a & b)
XP_OPERATION(bit_or, a | b)
XP_OPERATION(bit_xor, a ^ b)
#undef XP_OPERATION

// One value out of those of the group's threads, the same in each; and of those before the caller (and its own).
template <class Group, class T, class Op>
inline T reduce(const Group& group, T value, Op op) {
  T all = group.shfl(value, 0);
  for (int rank = 1; rank < (int)group.size(); ++rank) all = op(all, group.shfl(value, rank));
  return all;
}
template <class Group, class T, class Op>
inline T inclusive_scan(const Group& group, T value, Op op) {
  const int own = (int)group.thread_rank();
  T all = group.shfl(value, 0);
  for (int rank = 1; rank < (int)group.size(); ++rank) {
    const T other = group.shfl(value, rank);
    if (rank <= own) all = op(all, other);
  }
  return all;
}
template <class Group, class T>
inline T inclusive_scan(const Group& group, T value) {
  return inclusive_scan(group, value, plus<T>());
}
template <class Group, class T, class Op>
inline T exclusive_scan(const Group& group, T value, Op op) {
  const T all = inclusive_scan(group, value, op);
  const T before = group.shfl_up(all, 1);
  return group.thread_rank() == 0 ? (T)0 : before;
}
template <class Group, class T>
inline T exclusive_scan(const Group& group, T value) {
  return exclusive_scan(group, value, plus<T>());
}
template <class Group>
inline void sync(const Group& group) {
  group.sync();
}

}  // namespace cooperative_groups
#undef XP_TILE_MASK
