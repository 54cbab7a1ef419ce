// Asynchronous copies of groups, and pipelines of them (Programming Guide, "Asynchronous Data Copies"; libcu++).
//
// All threads of a block-wide pipeline produce and consume; a barrier counts the whole block.
#pragma once

namespace cuda {
enum thread_scope { thread_scope_system, thread_scope_device, thread_scope_block, thread_scope_thread };
template <size_t alignment>
struct aligned_size_t {
  size_t value;
  constexpr explicit aligned_size_t(size_t bytes) : value(bytes) {}
  constexpr operator size_t() const { return value; }
};
}  // namespace cuda

// Each thread of a group copies its share, up to 16 bytes at a time; `queue` tells the ways of waiting apart.
// It is read as an instruction of its own, so that whoever argues about a program sees that it is not done at once.
#ifdef XP_READING
template <class T>
XP_INTRINSIC inline void xp_share_async(T* dst, const T* src, size_t bytes, unsigned rank, unsigned size, int queue) {
  for (size_t i = rank; i < bytes / sizeof(T); i += size) dst[i] = src[i];
}
#define XP_ARRIVED(queue, left) xp_arrived(queue, left)
#define XP_BATCH(queue) xp_batch(queue)
#else
inline void xp_share_async(void* dst, const void* src, std::size_t bytes, unsigned rank, unsigned size, int queue) {
  const std::size_t ends = reinterpret_cast<std::uintptr_t>(dst) | reinterpret_cast<std::uintptr_t>(src) | bytes;
  const std::size_t step = ends % 16 == 0 ? 16 : ends % 8 == 0 ? 8 : ends % 4 == 0 ? 4 : ends % 2 == 0 ? 2 : 1;
  for (std::size_t at = rank * step; at < bytes; at += size * step)
    xp::async_copy(queue, static_cast<char*>(dst) + at, static_cast<const char*>(src) + at, step);
}
#define XP_ARRIVED(queue, left) xp::async_wait(queue, left)
#define XP_BATCH(queue) xp::async_commit(queue)
#endif

namespace cooperative_groups {
template <class Group, class T>
inline void memcpy_async(const Group& group, T* dst, const T* src, size_t bytes) {
  xp_share_async(dst, src, bytes, (unsigned)group.thread_rank(), (unsigned)group.size(), 2);
  XP_BATCH(2);
}
template <class Group>
inline void wait(const Group& group) {
  XP_ARRIVED(2, 0);
  group.sync();
}
template <unsigned left, class Group>
inline void wait_prior(const Group& group) {
  XP_ARRIVED(2, left);
  group.sync();
}
}  // namespace cooperative_groups

namespace cuda {
template <thread_scope scope, unsigned char stages>
struct pipeline_shared_state {};

template <thread_scope scope>
struct pipeline {
  int stages, acquired, committed, waited;
  // A stage is free again when all threads have released what was in it.
  void producer_acquire() {
    if (scope == thread_scope_block && acquired >= stages) __syncthreads();
    acquired = acquired + 1;
  }
  void producer_commit() {
    XP_BATCH(1);
    committed = committed + 1;
  }
  void consumer_wait() {
    waited = waited + 1;
    XP_ARRIVED(1, committed > waited ? committed - waited : 0);
    if (scope == thread_scope_block) __syncthreads();
  }
  void consumer_release() {}
  void quit() {}
};
inline pipeline<thread_scope_thread> make_pipeline() { return {0, 0, 0, 0}; }
template <class Group, thread_scope scope, unsigned char count>
inline pipeline<scope> make_pipeline(const Group& group, pipeline_shared_state<scope, count>* state) {
  return {count, 0, 0, 0};
}
template <unsigned left, thread_scope scope>
inline void pipeline_consumer_wait_prior(pipeline<scope>& pipe) {
  XP_ARRIVED(1, left);
  if (scope == thread_scope_block) __syncthreads();
}
template <class T, thread_scope scope>
inline void memcpy_async(T* dst, const T* src, size_t bytes, pipeline<scope>& pipe) {
  xp_share_async(dst, src, bytes, 0, 1, 1);
}
template <class Group, class T, thread_scope scope>
inline void memcpy_async(const Group& group, T* dst, const T* src, size_t bytes, pipeline<scope>& pipe) {
  xp_share_async(dst, src, bytes, (unsigned)group.thread_rank(), (unsigned)group.size(), 1);
}

template <thread_scope scope>
struct barrier {
  int expected;
  int arrive() { return 0; }
  void wait(int phase) {
    XP_ARRIVED(3, 0);
    __syncthreads();
  }
  void arrive_and_wait() { wait(arrive()); }
};
template <thread_scope scope>
inline void init(barrier<scope>* which, int expected) {
  XP_REQUIRE(expected == int(blockDim.x * blockDim.y * blockDim.z),
             "only barriers of all threads of a block are known");
  which->expected = expected;
}
template <class T, thread_scope scope>
inline void memcpy_async(T* dst, const T* src, size_t bytes, barrier<scope>& which) {
  xp_share_async(dst, src, bytes, 0, 1, 3);
  XP_BATCH(3);
}
template <class Group, class T, thread_scope scope>
inline void memcpy_async(const Group& group, T* dst, const T* src, size_t bytes, barrier<scope>& which) {
  xp_share_async(dst, src, bytes, (unsigned)group.thread_rank(), (unsigned)group.size(), 3);
  XP_BATCH(3);
}
}  // namespace cuda
#undef XP_ARRIVED
#undef XP_BATCH
