// How much of an on-chip memory one kernel uses: the 64-byte lines its operands have touched since the launch. Arrays
// of other kernels in the same text do not count. The bodies are in running.cpp.
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

  bool touch(const void* p, std::size_t bytes);  // false when the memory is over its limit with these bytes
};

extern Memory nram, wram, sram;

void forget();

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
