// The preconditions that hold on mtp_592, by name, so that a body states them in a line.
#pragma once

#ifdef XP_READING
#define XP_IN_NRAM(p, count)
#define XP_OUT_NRAM(p, count)
#define XP_IN_WRAM(p, count)
#define XP_COUNT(n)
#define XP_APART(a, count_a, b, count_b)
#define XP_RESHAPED(p, rows, row)
#define XP_MARK_RESHAPED(p, rows, row)
#define XP_MOVED(dst, src, bytes)
#else
#include "capacity.h"
#include "layout_tags.h"
#define XP_IN_NRAM(p, count)                                                                       \
  XP_REQUIRE(xp::in_space(p, 1, "nram"), "operand `" #p "` is not in NRAM");                       \
  XP_REQUIRE(xp::in_space(p, sizeof(*(p)) * std::size_t(count), "nram"),                           \
             "operand `" #p "` reaches over the end of NRAM");                                     \
  XP_REQUIRE(xp_capacity::nram.touch(p, sizeof(*(p)) * std::size_t(count)),                        \
             "the kernel uses more than the 512 KB of NRAM")
#define XP_OUT_NRAM(p, count) \
  XP_IN_NRAM(p, count);       \
  xp_tags::forget(p, sizeof(*(p)) * std::size_t(count))
#define XP_IN_WRAM(p, count)                                                 \
  XP_REQUIRE(xp::in_space(p, 1, "wram"), "operand `" #p "` is not in WRAM"); \
  XP_REQUIRE(xp::in_space(p, sizeof(*(p)) * std::size_t(count), "wram"),     \
             "operand `" #p "` reaches over the end of WRAM");               \
  XP_REQUIRE(reinterpret_cast<std::uintptr_t>(p) % 32 == 0,                  \
             "operand `" #p "` in WRAM is not aligned to 32 bytes")
#define XP_COUNT(n) XP_REQUIRE((n) > 0, "`" #n "` must be positive")
#define XP_APART(a, count_a, b, count_b)                                         \
  XP_REQUIRE((const char*)((a) + (count_a)) <= (const char*)(b) ||               \
                 (const char*)((b) + (count_b)) <= (const char*)(a),             \
             "`" #a "` and `" #b "` must not overlap")
#define XP_RESHAPED(p, rows, row)                                             \
  XP_REQUIRE((rows) % 64 == 0, "`" #rows "` must be a multiple of 64");       \
  XP_REQUIRE((row) * sizeof(*(p)) % 64 == 0,                                  \
             "a weight row (" #row ") must be a multiple of 64 bytes");       \
  XP_REQUIRE(xp_tags::reshaped(p, rows, (row) * sizeof(*(p))),                \
             "`" #p "` was not brought into the weight layout of this shape " \
             "by __bang_reshape_filter and one whole copy to WRAM")
#define XP_MARK_RESHAPED(p, rows, row) xp_tags::remember(p, rows, (row) * sizeof(*(p)))
#define XP_MOVED(dst, src, bytes) xp_tags::moved(dst, src, bytes)
#endif
