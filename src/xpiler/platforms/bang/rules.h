// The preconditions of the chosen architecture, by name, so that a body states them in a line.
#pragma once

#ifdef XP_READING
#define XP_IN_NRAM(p, count)
#define XP_OUT_NRAM(p, count)
#define XP_IN_WRAM(p, count)
#define XP_COUNT(n)
#define XP_WHOLE(bytes, unit, what)
#define XP_WHOLE_2XX(bytes, unit, what)
#define XP_VECTOR(p, n)
#define XP_APART(a, count_a, b, count_b)
#define XP_RESHAPED(p, rows, row)
#define XP_MARK_RESHAPED(p, rows, row)
#define XP_MOVED(dst, src, bytes)
#define XP_DONE
#else
#include "capacity.h"
#include "layout_tags.h"

// Operands of vector instructions: in NRAM, on mtp_2xx at multiples of 64 bytes, settled before the instruction.
#if __BANG_ARCH__ < 300
#define XP_NRAM_ALIGNED(p) \
  XP_REQUIRE(reinterpret_cast<std::uintptr_t>(p) % 64 == 0, "operand `" #p "` is not aligned to 64 bytes (mtp_2xx)")
#else
#define XP_NRAM_ALIGNED(p)
#endif
#define XP_NRAM(p, count)                                                                          \
  XP_REQUIRE(xp::in_space(p, 1, "nram"), "operand `" #p "` is not in NRAM");                       \
  XP_REQUIRE(xp::in_space(p, sizeof(*(p)) * std::size_t(count), "nram"),                           \
             "operand `" #p "` reaches over the end of NRAM");                                     \
  XP_REQUIRE(xp_capacity::nram.touch(p, sizeof(*(p)) * std::size_t(count)),                        \
             "the kernel uses more than the " XP_NRAM_KB " KB of NRAM");                           \
  XP_NRAM_ALIGNED(p)
#define XP_IN_NRAM(p, count) \
  XP_NRAM(p, count);         \
  XP_LOADED(p, sizeof(*(p)) * std::size_t(count))
#define XP_OUT_NRAM(p, count)                               \
  XP_NRAM(p, count);                                        \
  XP_UNUSED(p, sizeof(*(p)) * std::size_t(count));          \
  xp_queue::computed(p, sizeof(*(p)) * std::size_t(count)); \
  xp_tags::forget(p, sizeof(*(p)) * std::size_t(count))
#define XP_IN_WRAM(p, count)                                                 \
  XP_REQUIRE(xp::in_space(p, 1, "wram"), "operand `" #p "` is not in WRAM"); \
  XP_REQUIRE(xp::in_space(p, sizeof(*(p)) * std::size_t(count), "wram"),     \
             "operand `" #p "` reaches over the end of WRAM");               \
  XP_REQUIRE(reinterpret_cast<std::uintptr_t>(p) % 32 == 0,                  \
             "operand `" #p "` in WRAM is not aligned to 32 bytes");         \
  XP_LOADED(p, sizeof(*(p)) * std::size_t(count))

// Counts: never zero; what must come in whole units on every architecture, or on mtp_2xx alone.
#define XP_COUNT(n) XP_REQUIRE((n) > 0, "`" #n "` must be positive")
#define XP_WHOLE(amount, unit, what) XP_REQUIRE((amount) % (unit) == 0, what " must be a multiple of " #unit)
#if __BANG_ARCH__ < 300
#define XP_WHOLE_2XX(amount, unit, what) \
  XP_REQUIRE((amount) % (unit) == 0, what " must be a multiple of " #unit " (mtp_2xx)")
#else
#define XP_WHOLE_2XX(amount, unit, what)
#endif
#define XP_VECTOR(p, n) \
  XP_COUNT(n);          \
  XP_WHOLE_2XX(n * (int)sizeof(*(p)), 128, "`" #n "` in bytes")

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
// An instruction whose result is a scalar has been waited for.
#define XP_DONE xp_queue::wait(xp_queue::COMPUTE)
#endif
