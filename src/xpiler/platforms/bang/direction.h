// Whether a copy direction names the spaces its pointers really lie in. Only when running.
#pragma once

namespace xp_copy {

enum Place { GDRAM, LDRAM, NRAM, WRAM, SRAM };

struct Ends {
  Place src, dst;
};

// In the order of mluMemcpyDirection_t.
constexpr Ends ends[] = {
    {GDRAM, NRAM}, {NRAM, GDRAM}, {LDRAM, NRAM}, {NRAM, LDRAM}, {GDRAM, WRAM}, {WRAM, GDRAM},
    {LDRAM, WRAM}, {WRAM, LDRAM}, {NRAM, NRAM}, {NRAM, WRAM}, {WRAM, NRAM}, {GDRAM, SRAM},
    {SRAM, GDRAM}, {LDRAM, SRAM}, {SRAM, LDRAM}, {SRAM, NRAM}, {NRAM, SRAM}, {SRAM, WRAM},
    {WRAM, SRAM}, {GDRAM, GDRAM}, {GDRAM, LDRAM}, {LDRAM, GDRAM}, {LDRAM, LDRAM}, {SRAM, SRAM},
};

inline bool touches(int dir, Place place) { return ends[dir].src == place || ends[dir].dst == place; }
inline bool within(int dir, Place place) { return ends[dir].src == place && ends[dir].dst == place; }

inline bool lies(const void* p, std::size_t bytes, Place place) {
  switch (place) {
    case NRAM: return xp::in_space(p, bytes, "nram");
    case WRAM: return xp::in_space(p, bytes, "wram");
    case SRAM: return xp::in_space(p, bytes, "sram");
    case GDRAM: return xp::in_space(p, bytes, "global");
    case LDRAM: break;
  }
  return !xp::in_space(p, 1, "nram") && !xp::in_space(p, 1, "wram") && !xp::in_space(p, 1, "sram");
}

}  // namespace xp_copy

// One end of a copy: `bytes` from `from`, where the program says `p`.
#define XP_END(p, from, bytes, side, does)                                                         \
  XP_REQUIRE(xp_copy::lies(p, 1, xp_copy::ends[dir].side),                                         \
             "the copy direction does not name the space of `" #p "`");                            \
  XP_REQUIRE(xp_copy::lies(from, bytes, xp_copy::ends[dir].side), "the copy " does " past the end of `" #p "`"); \
  XP_REQUIRE(xp_copy::ends[dir].side != xp_copy::WRAM || reinterpret_cast<std::uintptr_t>(p) % 8 == 0, \
             "`" #p "` in WRAM is not aligned to 8 bytes");                                        \
  XP_FITS(from, bytes)
