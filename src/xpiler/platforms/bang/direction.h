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

inline bool wram_end(int dir) { return ends[dir].src == WRAM || ends[dir].dst == WRAM; }

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

#define XP_DIRECTION(dst, dst_bytes, src, src_bytes, dir)                                    \
  XP_REQUIRE(unsigned(dir) < 24, "there is no such copy direction");                         \
  XP_REQUIRE(xp_copy::lies(dst, 1, xp_copy::ends[dir].dst),                                  \
             "the copy direction does not name the space of `" #dst "`");                    \
  XP_REQUIRE(xp_copy::lies(src, 1, xp_copy::ends[dir].src),                                  \
             "the copy direction does not name the space of `" #src "`");                    \
  XP_REQUIRE(xp_copy::lies(dst, dst_bytes, xp_copy::ends[dir].dst),                          \
             "the copy writes past the end of `" #dst "`");                                  \
  XP_REQUIRE(xp_copy::lies(src, src_bytes, xp_copy::ends[dir].src),                          \
             "the copy reads past the end of `" #src "`");                                   \
  XP_FITS(dst, dst_bytes);                                                                   \
  XP_FITS(src, src_bytes)
