// What the header leaves to be compiled once: the queues, the layout of weights, how full the memories are, copies.

namespace xp_queue {
namespace {

struct Use {
  unsigned task;
  Queue queue;
  Area area;
  bool writes;
};

std::vector<Use> uses;                                       // of all tasks, since their last wait
std::vector<std::pair<unsigned, std::vector<char>>> values;  // what asynchronous fills write, by task
constexpr std::size_t most = 4096;                           // results of the Compute queue that are remembered

}  // namespace

void forget() { uses.clear(), values.clear(); }

void wait(Queue queue) {
  xp::async_wait(queue, 0);
  auto over = [=](const Use& u) { return u.task == xp::task && u.queue == queue; };
  uses.erase(std::remove_if(uses.begin(), uses.end(), over), uses.end());
  auto mine = [](const auto& v) { return v.first == xp::task; };
  if (queue == MOVE && !values.empty()) values.erase(std::remove_if(values.begin(), values.end(), mine), values.end());
}

void wait_all() { wait(IO), wait(MOVE), wait(COMPUTE); }

bool free_for(Queue queue, const Area& area, bool writes) {
  return std::none_of(uses.begin(), uses.end(), [&](const Use& u) {
    return u.task == xp::task && u.queue != queue && (u.writes || writes) && u.area.meets(area);
  });
}

void computed(const void* p, std::size_t bytes) {
  auto begin = static_cast<const char*>(p), end = begin + bytes;
  for (Use& u : uses) {
    if (u.task != xp::task || u.queue != COMPUTE || u.area.begin > end || begin > u.area.begin + u.area.size) continue;
    end = std::max(end, u.area.begin + u.area.size);
    u.area.begin = std::min(begin, u.area.begin);
    u.area.size = end - u.area.begin;
    return;
  }
  if (uses.size() < most) uses.push_back({xp::task, COMPUTE, {begin, std::ptrdiff_t(bytes)}, true});
}

void use(Queue queue, const Area& area, bool writes) {
  if (queue != COMPUTE) uses.push_back({xp::task, queue, area, writes});
  else if (writes) computed(area.begin, area.size);
}

void copy(Queue queue, char* dst, const char* src, std::size_t bytes) {
  if (queue == COMPUTE) std::memmove(dst, src, bytes);
  else xp::async_copy(queue, dst, src, bytes);
}

void fill(const Area& dst, const void* value, std::ptrdiff_t size) {
  std::vector<char> row(dst.size);
  for (std::ptrdiff_t at = 0; at < dst.size; at += size) std::memcpy(row.data() + at, value, size);
  values.emplace_back(xp::task, std::move(row));
  for (std::ptrdiff_t s = 0; s < dst.count; ++s) {
    xp::async_copy(MOVE, const_cast<char*>(dst.start(s)), values.back().second.data(), dst.size);
  }
  use(MOVE, dst, true);
}

}  // namespace xp_queue

namespace xp_tags {
namespace {

struct Tag {
  unsigned task;
  const char* begin;
  std::size_t rows, row_bytes;
  const char* end() const { return begin + rows * row_bytes; }
};

std::vector<Tag> tags;

}  // namespace

void clear() { tags.clear(); }

void forget(const void* p, std::size_t bytes) {
  if (tags.empty()) return;
  auto begin = static_cast<const char*>(p);
  auto touched = [=](const Tag& t) {
    return t.task == xp::task && begin < t.end() && t.begin < begin + bytes;
  };
  tags.erase(std::remove_if(tags.begin(), tags.end(), touched), tags.end());
}

void remember(const void* p, std::size_t rows, std::size_t row_bytes) {
  forget(p, rows * row_bytes);
  tags.push_back({xp::task, static_cast<const char*>(p), rows, row_bytes});
}

void moved(const void* dst, const void* src, std::size_t bytes) {
  auto whole = [=](const Tag& t) {
    return t.task == xp::task && t.begin == src && t.rows * t.row_bytes == bytes;
  };
  auto found = std::find_if(tags.begin(), tags.end(), whole);
  if (found == tags.end()) return forget(dst, bytes);
  Tag tag = *found;
  remember(dst, tag.rows, tag.row_bytes);
}

bool reshaped(const void* p, std::size_t rows, std::size_t row_bytes) {
  return std::any_of(tags.begin(), tags.end(), [=](const Tag& t) {
    return t.task == xp::task && t.begin == p && t.rows == rows && t.row_bytes == row_bytes;
  });
}

}  // namespace xp_tags

namespace xp_capacity {

Memory nram{xp::nram, __MLU_NRAM_SIZE__ * unit, {}};
Memory wram{xp::wram, __MLU_WRAM_SIZE__ * unit, {}};
Memory sram{xp::sram, __MLU_SRAM_SIZE__ * unit, {}};

bool Memory::touch(const void* p, std::size_t bytes) {
  if (!range.has(p, bytes) || !bytes) return true;
  if (lines.empty()) lines.resize((range.end - range.begin) / 64 + 1);
  auto at = static_cast<const char*>(p) - range.begin;
  std::size_t first = at / 64, count = (at + bytes - 1) / 64 - first + 1;
  if (!std::memchr(&lines[first], 0, count)) return true;
  std::memset(&lines[first], 1, count);
  return std::size_t(std::count(lines.begin(), lines.end(), 1)) * 64 <= limit;
}

void forget() {
  nram.lines.clear();
  wram.lines.clear();
  sram.lines.clear();
  xp_queue::forget();
}

}  // namespace xp_capacity

namespace xp_copy {

// Inlined, so that who called the function it is in is what an access is remembered by.
[[gnu::always_inline]] static inline void move(
    void* to, const void* from, int size, int dir, Strides d, Strides s, bool later) {
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

void flat(void* dst, const void* src, int size, int dir, bool later) {
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

void rows(void* dst, const void* src, int size, int dir, int dst_stride, int src_stride, int segnum,
                 bool later) {
  XP_REQUIRE(unsigned(dir) < 24, "there is no such copy direction");
  XP_REQUIRE(segnum >= 0 && segnum <= 65535, "segnum is outside [0, 65535]");
  XP_REQUIRE(segnum == 0 || dst_stride >= size, "dst_stride is smaller than a segment");
  XP_REQUIRE(segnum == 0 || ends[dir].dst != WRAM || dst_stride % 8 == 0, "dst_stride in WRAM is not a multiple of 8");
  XP_REQUIRE(segnum == 0 || ends[dir].src != WRAM || src_stride % 8 == 0, "src_stride in WRAM is not a multiple of 8");
  move(dst, src, size, dir, {dst_stride, segnum + 1}, {src_stride, segnum + 1}, later);
  xp_tags::forget(dst, std::ptrdiff_t(segnum) * dst_stride + size);
}

void planes(void* dst, const void* src, int size, int dir, Strides d, Strides s, bool later) {
  XP_REQUIRE(__BANG_ARCH__ >= 300, "mtp_2xx has no copy with two levels of strides");
  XP_REQUIRE(d.count1 > 0 && d.count0 > 0 && s.count1 > 0 && s.count0 > 0, "a number of segments is negative");
  XP_REQUIRE(d.count1 * d.count0 == s.count1 * s.count0,
             "source and destination have different numbers of segments");
  move(dst, src, size, dir, d, s, later);
  xp_tags::forget(static_cast<char*>(dst) + d.low(), d.high() - d.low() + size);
}

}  // namespace xp_copy
