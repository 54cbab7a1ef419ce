// The instruction queues of a core (sec 2.5, 3.19): asynchronous copies arrive when a program waits for their queue.
// What a queue still reads or writes must not be touched from another one. Only when running; the bodies are in
// running.cpp.
#pragma once

namespace xp_queue {

enum Queue { IO, MOVE, COMPUTE };

// Segments of `size` bytes whose starts are `stride` bytes apart.
struct Area {
  const char* begin;
  std::ptrdiff_t size, stride = 0;
  std::ptrdiff_t count = 1;

  const char* start(std::ptrdiff_t segment) const { return begin + segment * stride; }
  bool meets(const char* from, const char* to) const {
    if (stride < 0) return Area{start(count - 1), size, -stride, count}.meets(from, to);
    if (count == 1 || stride == 0) return begin < to && from < begin + size;
    std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, (from - begin - size + stride) / stride);
    return first < count && start(first) < to && from < start(first) + size;
  }
  bool meets(const Area& other) const {
    for (std::ptrdiff_t s = 0; s < other.count; ++s) {
      if (meets(other.start(s), other.start(s) + other.size)) return true;
    }
    return false;
  }
};

void forget();
void wait(Queue queue);
void wait_all();
bool free_for(Queue queue, const Area& area, bool writes);  // no other queue writes it, or, for a write, uses it at all
void computed(const void* p, std::size_t bytes);            // by a vector instruction that has written these bytes
void use(Queue queue, const Area& area, bool writes);
void copy(Queue queue, char* dst, const char* src, std::size_t bytes);
void fill(const Area& dst, const void* value, std::ptrdiff_t size);  // all elements of each segment, later

// Copies with an end outside the chip are the IO queue's; contiguous ones within NRAM are computed; the rest moves.
inline Queue of(int dir, bool strided) {
  auto [src, dst] = xp_copy::ends[dir];
  auto outside = [](xp_copy::Place p) { return p == xp_copy::GDRAM || p == xp_copy::LDRAM; };
  if (outside(src) || outside(dst)) return IO;
  return src == xp_copy::NRAM && dst == xp_copy::NRAM && !strided ? COMPUTE : MOVE;
}

// A copy that returns when it is done comes after what its queue and the Compute queue were given before.
inline void blocking(Queue queue) { wait(queue), wait(COMPUTE); }

}  // namespace xp_queue

// Between cores: each arrives with its own queues empty. The cores of a BLOCK job do not meet.
inline void xp_meet(void (*barrier)()) {
  xp_queue::wait_all();
  if (xp_job_cores != 1) barrier();
}
// All cores of a job: of one cluster, where the job is one, however many rounds of it there are.
inline void xp_meet_all() { xp_meet(xp_job_cores == 4 ? xp::barrier_cluster : xp::barrier_all); }

#define XP_FREE(p, area, queue, writes, what)                       \
  XP_RULE("XP2108", xp_queue::free_for(queue, area, writes),        \
          "`" #p "` is still " what ": a __sync is missing before this")
#define XP_LOADED(p, bytes)                                                                                     \
  XP_FREE(p, (xp_queue::Area{(const char*)(p), std::ptrdiff_t(bytes)}), xp_queue::COMPUTE, false,               \
          "being written by an asynchronous copy or fill")
#define XP_UNUSED(p, bytes)                                                                                     \
  XP_FREE(p, (xp_queue::Area{(const char*)(p), std::ptrdiff_t(bytes)}), xp_queue::COMPUTE, true,                \
          "in use by an asynchronous copy or fill")
