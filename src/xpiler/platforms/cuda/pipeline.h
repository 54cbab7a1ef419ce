// Copies to shared memory that a thread waits for later (Programming Guide, "Pipeline Primitives").
#pragma once

#ifdef XP_READING
XP_PRIMITIVE("nop") void __pipeline_commit();
XP_PRIMITIVE("barrier.core") void __pipeline_wait_prior(int groups);
#else
inline void __pipeline_commit() {}
inline void __pipeline_wait_prior(int) {}
#endif

template <class D, class S>
XP_INTRINSIC inline void __pipeline_memcpy_async(D* dst, const S* src, size_t bytes) {
  XP_REQUIRE(bytes == 4 || bytes == 8 || bytes == 16, "an asynchronous copy moves 4, 8 or 16 bytes");
  XP_REQUIRE(reinterpret_cast<std::uintptr_t>(dst) % bytes == 0, "the destination is not aligned to the copy's size");
  XP_REQUIRE(reinterpret_cast<std::uintptr_t>(src) % bytes == 0, "the source is not aligned to the copy's size");
  for (size_t i = 0; i < bytes / sizeof(D); ++i) dst[i] = src[i];
}
