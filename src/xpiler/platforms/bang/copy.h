// __memcpy and __memcpy_async as they run: bytes between spaces, at once or when their queue is waited for (sec 3.1,
// 3.3, 3.7). Only when running; the bodies are in running.cpp.
#pragma once

namespace xp_copy {

// `count1` segments `stride1` bytes apart, that `count0` times, `stride0` bytes apart; the counts of all are equal.
struct Strides {
  std::ptrdiff_t stride1 = 0, count1 = 1, stride0 = 0, count0 = 1;

  std::ptrdiff_t offset(std::ptrdiff_t k) const { return k / count1 * stride0 + k % count1 * stride1; }
  std::ptrdiff_t low() const { return std::min(stride1 * (count1 - 1), std::ptrdiff_t(0)) +
                                      std::min(stride0 * (count0 - 1), std::ptrdiff_t(0)); }
  std::ptrdiff_t high() const { return std::max(stride1 * (count1 - 1), std::ptrdiff_t(0)) +
                                       std::max(stride0 * (count0 - 1), std::ptrdiff_t(0)); }
  bool strided() const { return count1 > 1 || count0 > 1; }
};

void flat(void* dst, const void* src, int size, int dir, bool later);
void rows(void* dst, const void* src, int size, int dir, int dst_stride, int src_stride, int segnum, bool later);
void planes(void* dst, const void* src, int size, int dir, Strides d, Strides s, bool later);

}  // namespace xp_copy

#define XP_COPY(name, later)                                                                             \
  inline void name(void* dst, const void* src, int size, mluMemcpyDirection_t dir) {                     \
    xp_copy::flat(dst, src, size, dir, later);                                                           \
  }                                                                                                      \
  inline void name(void* dst, const void* src, int size, mluMemcpyDirection_t dir, int dst_stride,       \
                   int src_stride, int segnum) {                                                         \
    xp_copy::rows(dst, src, size, dir, dst_stride, src_stride, segnum, later);                           \
  }                                                                                                      \
  inline void name(void* dst, const void* src, int size, mluMemcpyDirection_t dir, int dst_stride0,      \
                   int dst_segnum1, int dst_stride1, int dst_segnum2, int src_stride0, int src_segnum1,  \
                   int src_stride1, int src_segnum2) {                                                   \
    xp_copy::planes(dst, src, size, dir, {dst_stride0, dst_segnum1 + 1, dst_stride1, dst_segnum2 + 1},   \
                    {src_stride0, src_segnum1 + 1, src_stride1, src_segnum2 + 1}, later);                \
  }
XP_COPY(__memcpy, false)
XP_COPY(__memcpy_async, true)
#undef XP_COPY
