// Copies to shared memory that a thread waits for later (Programming Guide, "Pipeline Primitives").
#pragma once

#ifdef XP_READING
XP_PRIMITIVE("barrier.core") void xp_in_order();
// The copies of a queue since the last batch are a batch; all but the last `left` batches of a queue have arrived.
// Templates, since they compute nothing that a translation could look for.
template <class = void>
XP_INTRINSIC inline void xp_batch(int queue) {}
template <class = void>
XP_INTRINSIC inline void xp_arrived(int queue, int left) { xp_in_order(); }
inline void __pipeline_commit() { xp_batch(0); }
inline void __pipeline_wait_prior(int groups) { xp_arrived(0, groups); }

template <class D, class S>
XP_INTRINSIC inline void __pipeline_memcpy_async(D* dst, const S* src, size_t bytes) {
  for (size_t i = 0; i < bytes / sizeof(D); ++i) dst[i] = src[i];
}
// The last `zeros` bytes are not read and become zero.
template <class D, class S>
XP_INTRINSIC inline void __pipeline_memcpy_async(D* dst, const S* src, size_t bytes, size_t zeros) {
  for (size_t i = 0; i < bytes / sizeof(D); ++i) {
    if (i < (bytes - zeros) / sizeof(D))
      dst[i] = src[i];
    else
      dst[i] = D();
  }
}
#else
inline void __pipeline_commit() { xp::async_commit(0); }
inline void __pipeline_wait_prior(int groups) { xp::async_wait(0, groups); }

inline bool xp_apart(const void* p, std::size_t bytes) { return reinterpret_cast<std::uintptr_t>(p) % bytes == 0; }
inline void __pipeline_memcpy_async(void* dst, const void* src, std::size_t bytes, std::size_t zeros = 0) {
  XP_REQUIRE(bytes == 4 || bytes == 8 || bytes == 16, "an asynchronous copy moves 4, 8 or 16 bytes");
  XP_REQUIRE(zeros <= bytes, "an asynchronous copy fills more bytes with zero than it writes");
  XP_REQUIRE(xp_apart(dst, bytes), "the destination is not aligned to the copy's size");
  XP_REQUIRE(xp_apart(src, bytes), "the source is not aligned to the copy's size");
  XP_REQUIRE(xp::in_space(dst, bytes, "shared"), "the destination of an asynchronous copy is shared memory");
  if (bytes > zeros) xp::async_copy(0, dst, src, bytes - zeros);
  if (zeros > 0) xp::async_fill(0, static_cast<char*>(dst) + (bytes - zeros), 0, zeros);
}
#endif
