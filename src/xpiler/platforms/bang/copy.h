// __memcpy and __memcpy_async as they run: bytes between spaces, at once or when their queue is waited for (sec 3.1,
// 3.3, 3.7). Only when running.
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

inline void move(void* to, const void* from, int size, int dir, Strides d, Strides s, bool later) {
  auto dst = static_cast<char*>(to);
  auto src = static_cast<const char*>(from);
  XP_REQUIRE(unsigned(dir) < 24, "there is no such copy direction");
  XP_REQUIRE(size > 0, "a copy moves at least one byte");
  XP_END(dst, dst + d.low(), d.high() - d.low() + size, dst, "writes");
  XP_END(src, src + s.low(), s.high() - s.low() + size, src, "reads");
  auto queue = xp_queue::of(dir, d.strided() || s.strided());
  if (!later) xp_queue::blocking(queue);
  for (std::ptrdiff_t k = 0; k < d.count0; ++k) {
    xp_queue::Area area{dst + k * d.stride0, size, d.stride1, d.count1};
    XP_FREE(dst, area, queue, true, "in use in another queue");
  }
  for (std::ptrdiff_t k = 0; k < s.count0; ++k) {
    xp_queue::Area area{src + k * s.stride0, size, s.stride1, s.count1};
    XP_FREE(src, area, queue, false, "being written in another queue");
  }
  for (std::ptrdiff_t k = 0; k < d.count0 * d.count1; ++k) {
    if (later) xp_queue::copy(queue, dst + d.offset(k), src + s.offset(k), size);
    else std::memmove(dst + d.offset(k), src + s.offset(k), size);
  }
  if (!later) return;
  for (std::ptrdiff_t k = 0; k < s.count0; ++k) {
    xp_queue::use(queue, {src + k * s.stride0, size, s.stride1, s.count1}, false);
  }
  for (std::ptrdiff_t k = 0; k < d.count0; ++k) {
    xp_queue::use(queue, {dst + k * d.stride0, size, d.stride1, d.count1}, true);
  }
}

inline void flat(void* dst, const void* src, int size, int dir, bool later) {
  XP_REQUIRE(unsigned(dir) < 24, "there is no such copy direction");
  bool weights = touches(dir, WRAM), on_core = within(dir, NRAM);
#if __BANG_ARCH__ < 300
  XP_REQUIRE(!weights || size % 64 == 0, "a copy to or from WRAM moves multiples of 64 bytes (mtp_2xx)");
  XP_REQUIRE(!on_core || size % 128 == 0, "a copy within NRAM moves multiples of 128 bytes (mtp_2xx)");
  XP_REQUIRE(!on_core || (std::uintptr_t(dst) | std::uintptr_t(src)) % 64 == 0,
             "a copy within NRAM is between addresses aligned to 64 bytes (mtp_2xx)");
#else
  (void)on_core;
  XP_REQUIRE(!weights || size % 16 == 0, "a copy to or from WRAM moves multiples of 16 bytes");
#endif
  move(dst, src, size, dir, {}, {}, later);
  xp_tags::moved(dst, src, size);
}

inline void rows(void* dst, const void* src, int size, int dir, int dst_stride, int src_stride, int segnum,
                 bool later) {
  XP_REQUIRE(unsigned(dir) < 24, "there is no such copy direction");
  XP_REQUIRE(segnum >= 0 && segnum <= 65535, "segnum is outside [0, 65535]");
  XP_REQUIRE(segnum == 0 || dst_stride >= size, "dst_stride is smaller than a segment");
  XP_REQUIRE(segnum == 0 || ends[dir].dst != WRAM || dst_stride % 8 == 0, "dst_stride in WRAM is not a multiple of 8");
  XP_REQUIRE(segnum == 0 || ends[dir].src != WRAM || src_stride % 8 == 0, "src_stride in WRAM is not a multiple of 8");
  move(dst, src, size, dir, {dst_stride, segnum + 1}, {src_stride, segnum + 1}, later);
  xp_tags::forget(dst, std::ptrdiff_t(segnum) * dst_stride + size);
}

inline void planes(void* dst, const void* src, int size, int dir, Strides d, Strides s, bool later) {
  XP_REQUIRE(__BANG_ARCH__ >= 300, "mtp_2xx has no copy with two levels of strides");
  XP_REQUIRE(d.count1 > 0 && d.count0 > 0 && s.count1 > 0 && s.count0 > 0, "a number of segments is negative");
  XP_REQUIRE(d.count1 * d.count0 == s.count1 * s.count0,
             "source and destination have different numbers of segments");
  move(dst, src, size, dir, d, s, later);
  xp_tags::forget(static_cast<char*>(dst) + d.low(), d.high() - d.low() + size);
}

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
