// Transfers between one contiguous and one scattered end (sec 3.17): offsets and strides count bytes.
#pragma once

#if __BANG_ARCH__ >= 500
#ifdef XP_READING
#define XP_GATHER(name)                                                                                     \
  template <class T, class I>                                                                               \
  XP_INTRINSIC inline void name(T* dst, const T* src, const I* offset, int transfer_size, mluMemcpyDirection_t dir, \
                                int stride, int transfer_num) {                                             \
    for (int t = 0; t < transfer_num; ++t) {                                                                \
      for (int i = 0; i < transfer_size / (int)sizeof(T); ++i) {                                            \
        dst[t * (stride / (int)sizeof(T)) + i] = src[(int)(offset[t] / sizeof(T)) + i];                     \
      }                                                                                                     \
    }                                                                                                       \
  }
#define XP_SCATTER(name)                                                                                    \
  template <class T, class I>                                                                               \
  XP_INTRINSIC inline void name(T* dst, const T* src, const I* offset, int transfer_size, mluMemcpyDirection_t dir, \
                                int stride, int transfer_num) {                                             \
    for (int t = 0; t < transfer_num; ++t) {                                                                \
      for (int i = 0; i < transfer_size / (int)sizeof(T); ++i) {                                            \
        dst[(int)(offset[t] / sizeof(T)) + i] = src[t * (stride / (int)sizeof(T)) + i];                     \
      }                                                                                                     \
    }                                                                                                       \
  }
XP_GATHER(__gather)
XP_GATHER(__gather_async)
XP_SCATTER(__scatter)
XP_SCATTER(__scatter_async)
#undef XP_GATHER
#undef XP_SCATTER
// Under a mask of bits, the lowest first, which no typed loop says.
#define XP_MASKED(name)                                                                                     \
  template <class I>                                                                                        \
  XP_INTRINSIC void name(void* dst, const void* src, const I* offset, const void* mask, int transfer_size,  \
                         mluMemcpyDirection_t dir, int stride, int transfer_num);
XP_MASKED(__gather)
XP_MASKED(__gather_async)
XP_MASKED(__scatter)
XP_MASKED(__scatter_async)
#undef XP_MASKED
#else
namespace xp_copy {

// `spread` is the scattered end.
template <class I>
void indexed(void* dst, const void* src, const I* offset, const void* mask, int transfer_size, int dir, int stride,
             int transfer_num, bool spread, bool later) {
  XP_REQUIRE(unsigned(dir) < 24, "there is no such copy direction");
  XP_COUNT(transfer_size);
  XP_COUNT(transfer_num);
  XP_REQUIRE(transfer_num == 1 || stride >= transfer_size, "`stride` is smaller than `transfer_size`");
  XP_REQUIRE(!touches(dir, WRAM) || transfer_size % 8 == 0, "`transfer_size` to or from WRAM must be a multiple of 8");
  XP_IN_NRAM(offset, transfer_num);
  auto* bits = static_cast<const unsigned char*>(mask);
  if (mask) {
    XP_IN_NRAM(bits, (transfer_num + 7) / 8);
  }
  if (!later) xp_queue::blocking(xp_queue::MOVE);
  for (int t = 0; t < transfer_num; ++t) {
    if (mask && !(bits[t / 8] >> (t % 8) & 1)) continue;
    auto at = std::ptrdiff_t(offset[t]), row = std::ptrdiff_t(t) * stride;
    auto* to = static_cast<char*>(dst) + (spread ? at : row);
    auto* from = static_cast<const char*>(src) + (spread ? row : at);
    XP_END(dst, to, transfer_size, dst, "writes");
    XP_END(src, from, transfer_size, src, "reads");
    XP_FREE(dst, (xp_queue::Area{to, transfer_size}), xp_queue::MOVE, true, "in use in another queue");
    XP_FREE(src, (xp_queue::Area{from, transfer_size}), xp_queue::MOVE, false, "being written in another queue");
    if (later) {
      xp_queue::copy(xp_queue::MOVE, to, from, transfer_size);
      xp_queue::use(xp_queue::MOVE, {from, transfer_size}, false);
      xp_queue::use(xp_queue::MOVE, {to, transfer_size}, true);
    } else {
      std::memmove(to, from, transfer_size);
    }
  }
}

}  // namespace xp_copy

#define XP_INDEXED(name, spread, later)                                                                     \
  template <class I>                                                                                        \
  inline void name(void* dst, const void* src, const I* offset, int transfer_size, mluMemcpyDirection_t dir, \
                   int stride, int transfer_num) {                                                          \
    xp_copy::indexed(dst, src, offset, nullptr, transfer_size, dir, stride, transfer_num, spread, later);   \
  }                                                                                                         \
  template <class I>                                                                                        \
  inline void name(void* dst, const void* src, const I* offset, const void* mask, int transfer_size,        \
                   mluMemcpyDirection_t dir, int stride, int transfer_num) {                                \
    xp_copy::indexed(dst, src, offset, mask, transfer_size, dir, stride, transfer_num, spread, later);      \
  }
XP_INDEXED(__gather, false, false)
XP_INDEXED(__gather_async, false, true)
XP_INDEXED(__scatter, true, false)
XP_INDEXED(__scatter_async, true, true)
#undef XP_INDEXED
#endif
#endif

// Which space a pointer lies in (sec 3.25).
#ifdef XP_READING
bool __is_nram(const void* pointer);
bool __is_wram(const void* pointer);
bool __is_sram(const void* pointer);
bool __is_dram(const void* pointer);
#else
#define XP_IS(name, place) \
  inline bool name(const void* pointer) { return xp_copy::lies(pointer, 1, xp_copy::place); }
XP_IS(__is_nram, NRAM)
XP_IS(__is_wram, WRAM)
XP_IS(__is_sram, SRAM)
#undef XP_IS
inline bool __is_dram(const void* p) { return !__is_nram(p) && !__is_wram(p) && !__is_sram(p); }
#endif
