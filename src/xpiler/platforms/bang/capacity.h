// How much of an on-chip memory one kernel uses: the 64-byte lines its operands have touched since the launch. Arrays
// of other kernels in the same text do not count.
#pragma once

namespace xp_capacity {

// A double standing for a float takes twice the room.
#ifdef XP_REAL_F64
constexpr std::size_t unit = 2 << 10;
#else
constexpr std::size_t unit = 1 << 10;
#endif

struct Memory {
  const xp::Range& range;
  std::size_t limit;
  std::vector<char> lines;

  // False when the memory is over its limit with these bytes.
  bool touch(const void* p, std::size_t bytes) {
    if (!range.has(p, bytes) || !bytes) return true;
    if (lines.empty()) lines.resize((range.end - range.begin) / 64 + 1);
    auto at = static_cast<const char*>(p) - range.begin;
    std::size_t first = at / 64, count = (at + bytes - 1) / 64 - first + 1;
    if (!std::memchr(&lines[first], 0, count)) return true;
    std::memset(&lines[first], 1, count);
    return std::size_t(std::count(lines.begin(), lines.end(), 1)) * 64 <= limit;
  }
};

inline Memory nram{xp::nram, __MLU_NRAM_SIZE__ * unit, {}};
inline Memory wram{xp::wram, __MLU_WRAM_SIZE__ * unit, {}};
inline Memory sram{xp::sram, __MLU_SRAM_SIZE__ * unit, {}};

inline void forget() {
  nram.lines.clear();
  wram.lines.clear();
  sram.lines.clear();
  xp_queue::forget();
}

}  // namespace xp_capacity

#define XP_WORD(x) #x
#define XP_DIGITS(x) XP_WORD(x)
#define XP_NRAM_KB XP_DIGITS(__MLU_NRAM_SIZE__)
#define XP_WRAM_KB XP_DIGITS(__MLU_WRAM_SIZE__)
#define XP_SRAM_KB XP_DIGITS(__MLU_SRAM_SIZE__)
#define XP_FITS(p, bytes)                                                                          \
  XP_REQUIRE(xp_capacity::nram.touch(p, bytes), "the kernel uses more than the " XP_NRAM_KB " KB of NRAM");   \
  XP_REQUIRE(xp_capacity::wram.touch(p, bytes), "the kernel uses more than the " XP_WRAM_KB " KB of WRAM");   \
  XP_REQUIRE(xp_capacity::sram.touch(p, bytes), "the kernel uses more than the " XP_SRAM_KB " KB of SRAM")
