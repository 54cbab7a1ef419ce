// What kernels run on: fibers, guarded memory, address spaces and findings. Force-included before device.h.
//
// One operating-system thread runs everything. A launch walks its groups (a CUDA block, a BANG task) in order; the
// threads of a group share one stack until one of them has to wait, from then on each waiting thread has its own
// (a fiber). So a kernel without barriers runs as a plain loop, and no program text has to say which kind it is.
//
// How a device.h uses this file:
//   indices       `xp::thread_idx`, `xp::block_idx`, `xp::block_dim`, `xp::grid_dim` (x y z), `xp::task` ...: plain
//                 globals that are right for the running thread. `#define threadIdx xp::thread_idx` is enough.
//   spaces        `#define __shared__ XP_SPACE("shared")`; the declared variable becomes static in a linker section.
//   launches      the text's `k<<<a, b, ...>>>(args)` becomes `XP_LAUNCH((k), a, b, ...)(args)`, which calls
//                 `xp_geometry(a, b, ...)`: device.h defines `inline xp::Geometry xp_geometry(...)`.
//   the rest      barrier_*, shuffle, vote, warp_scratch, dev_*, XP_REQUIRE below.
// The bodies are compiled once: launch.cpp, groups.cpp, meetings.cpp, later.cpp, fibers.cpp, memory.cpp, findings.cpp, driver.cpp.
#pragma once

#include <algorithm>
#include <cassert>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <math.h>
#include <stdint.h>
#include <type_traits>
#include <utility>
#include <vector>

namespace xp {

using mask_t = unsigned long long;

// ---------------------------------------------------------------- where the running thread is

struct Index3 {
    unsigned x, y, z;
};

extern Index3 thread_idx, block_idx;  // a BANG task is a block of one thread: block_idx is taskIdX/Y/Z
extern Index3 block_dim, grid_dim;    // grid_dim is taskDimX/Y/Z
extern unsigned thread_linear;        // x fastest
extern unsigned task, task_dim;       // linear block number and count
extern unsigned cluster, cluster_dim; // cluster of the running block; number of clusters
extern unsigned core, core_dim;       // block within its cluster; blocks in a cluster
extern unsigned warp_size;            // of the running launch

inline unsigned lane() { return thread_linear % warp_size; }

// ---------------------------------------------------------------- texts with choices

// A text may leave choices open: `xp::pick(k)` is what the run was given for the k-th, else 0. Which of them a run came
// by is in `reached`.
constexpr int MOST_PICKS = 4096;
extern int picks[MOST_PICKS];
extern unsigned char reached[MOST_PICKS];
inline int pick(int k) {
    reached[k] = 1;
    return picks[k];
}

// One pass of a loop that counts up: its variable, where it begins and ends, and the step.
struct Pass {
    long long at, from, to, by;
};

// Whether a pass of the innermost of these loops, the outermost first, is one of those that are left out where only some
// are run; `deepest`: passes are left out of no loop within it.
bool left_out(std::initializer_list<Pass> nest, bool deepest);

// ---------------------------------------------------------------- texts that tell what they compute

// `xp::seen(k, e)` is e, and the run remembers what it was worth; of registers, lane by lane, each a Lane.
constexpr int MOST_SEEN = 8192;
void note_seen(int site, double value);
void note_place(int site); // that is met, whether or not it has a value
std::size_t reach_of(const void* p, std::size_t known);

template <class T>
T seen(int site, T value) {
    if constexpr (std::is_arithmetic_v<T>) note_seen(site, double(value));
    else note_seen(site, double(float(value)));
    return value;
}

template <class Lane, class T>
T seen_lanes(int site, T value) {
    for (std::size_t i = 0; i < sizeof(T) / sizeof(Lane); ++i) {
        Lane lane;
        std::memcpy(&lane, reinterpret_cast<const char*>(&value) + i * sizeof(Lane), sizeof lane);
        note_seen(site, double(lane));
    }
    return value;
}

// In the lifetime of one, what a call changes from `p` on: the elements that are others afterwards. `known`: the bytes
// of the array, 0 where they are to be found out.
template <class T>
struct Changes {
    int site;
    const T* at;
    std::vector<char> before;
    Changes(int site, const T* p, std::size_t known = 0) : site(site), at(p) {
        note_place(site);
        const std::size_t n = reach_of(p, known) / sizeof(T) * sizeof(T);
        if (n <= (1 << 22)) before.assign(reinterpret_cast<const char*>(p), reinterpret_cast<const char*>(p) + n);
    }
    ~Changes() {
        for (std::size_t i = 0; i < before.size() / sizeof(T); ++i)
            if (std::memcmp(&before[i * sizeof(T)], at + i, sizeof(T))) {
                if constexpr (std::is_arithmetic_v<T>) note_seen(site, double(at[i]));
                else if constexpr (std::is_constructible_v<float, T>) note_seen(site, double(float(at[i])));
            }
    }
};
template <class T>
Changes<T> changes(int site, T* p, std::size_t known = 0) { return {site, p, known}; }

// ---------------------------------------------------------------- launches

// What one launch is. `cluster`: consecutive blocks that share SRAM and meet at barrier_cluster. `warp`: lanes.
// The limits are the platform's: threads of a block, blocks and threads along each axis, bytes of `shared`.
struct Geometry {
    Index3 grid{1, 1, 1};
    Index3 block{1, 1, 1};
    std::size_t shared = 0;
    unsigned warp = 32;
    unsigned cluster = 1;
    unsigned max_threads = 1024;
    Index3 max_grid{0x7fffffff, 0x7fffffff, 0x7fffffff}, max_block{0x7fffffff, 0x7fffffff, 0x7fffffff};
    std::size_t max_shared = ~std::size_t(0);
};

// Runs `body(data)` once for every thread of the geometry. Not reentrant: a kernel cannot launch.
void launch(const Geometry& geometry, const char* kernel, void (*body)(void*), void* data);

template <class F>
struct Pending {
    Geometry geometry;
    const char* kernel;
    F call;
    template <class... A>
    void operator()(A... args) {
        auto body = [&] { call(args...); };
        launch(geometry, kernel, [](void* d) { (*static_cast<decltype(body)*>(d))(); }, &body);
    }
};

const char* bare(const char* parenthesised); // "(name)" -> "name"

template <class F>
Pending<F> pending(const Geometry& geometry, const char* kernel, F call) {
    return {geometry, kernel, call};
}

#define XP_LAUNCH(kernel, ...) \
    xp::pending(xp_geometry(__VA_ARGS__), xp::bare(#kernel), [&](auto... xp_args) { kernel(xp_args...); })

extern char* dynamic_shared; // the running block's `extern __shared__` bytes (guarded at both ends)

// ---------------------------------------------------------------- what comes first

extern bool backwards; // the last block and the last thread start first, and the last iteration of a parallel loop
extern bool in_turns;  // at an atomic operation threads let the others come to theirs

void let_others();

// Around an atomic operation: what is read before it, or depends on it, is read while others are as far. An update that
// is not one step, as a compare-and-swap that nobody repeats, is lost then.
struct Turn {
    Turn() { if (__builtin_expect(in_turns, 0)) let_others(); }
    ~Turn() { if (__builtin_expect(in_turns, 0)) let_others(); }
};

// The values of a loop's variable where a directive makes the loop parallel.
template <class T>
class Iterations {
public:
    Iterations(long long first, long long count, long long step) : at(first), step(step), left(count) {
        if (backwards) at += (count - 1) * step, this->step = -step;
    }
    struct End {};
    Iterations begin() const { return *this; }
    End end() const { return {}; }
    bool operator!=(End) const { return left > 0; }
    void operator++() { at += step, --left; }
    T operator*() const { return T(at); }

private:
    long long at, step, left;
};

// Those of for (T i = first; i < last; i += step), or i <= last; where the step is negative, i > last or i >= last.
template <class T>
Iterations<T> iterations(T first, std::common_type_t<T> last, long long step, bool with_last) {
    const long long far = step > 0 ? (long long)last - (long long)first : (long long)first - (long long)last;
    const long long by = step > 0 ? step : -step;
    return {(long long)first, (far + with_last + by - 1) / by, step};
}

// ---------------------------------------------------------------- meeting points and exchanges

// mask ACTIVE: the lanes that happen to be together (HIP, __activemask): whoever arrives before nobody else can run.
constexpr mask_t ACTIVE = 0;

void barrier_block();             // all threads of the block that have not exited
int barrier_block_vote(int kind, int predicate); // the same, and 0: count of true, 1: all, 2: any
void barrier_warp(mask_t mask);   // the lanes named in mask that have not exited
void barrier_cluster();           // all threads of the blocks of the cluster
void barrier_all();               // all threads of the launch

enum Lane { LANE_IDX, LANE_UP, LANE_DOWN, LANE_XOR };
enum Vote { VOTE_ALL, VOTE_ANY, VOTE_BALLOT };

// The source lane of a shuffle within its segment of `width` lanes, as CUDA and HIP define it (own lane if outside).
inline unsigned source_lane(Lane kind, unsigned self, int arg, unsigned width) {
    unsigned first = self & ~(width - 1);
    int at = int(self - first);
    switch (kind) {
    case LANE_IDX: return first + (unsigned(arg) & (width - 1));
    case LANE_UP: return at - arg < 0 ? self : self - unsigned(arg);
    case LANE_DOWN: return at + arg >= int(width) ? self : self + unsigned(arg);
    case LANE_XOR: {
        unsigned to = self ^ unsigned(arg);
        return to >= first + width ? self : to;
    }
    }
    return self;
}

// Swaps up to 16 bytes among the lanes of mask; bytes of a lane that does not take part read as 0xFF.
void exchange(void* value, std::size_t bytes, unsigned source, mask_t mask);

template <class T>
T shuffle(Lane kind, T value, int lane_arg, unsigned width, unsigned warp, mask_t mask) {
    static_assert(sizeof(T) <= 16, "a shuffle moves at most 16 bytes");
    exchange(&value, sizeof(T), source_lane(kind, thread_linear % warp, lane_arg, width), mask);
    return value;
}

// VOTE_ALL and VOTE_ANY give 0 or 1, VOTE_BALLOT the bits of the lanes whose predicate holds.
mask_t vote(Vote kind, bool predicate, mask_t mask);
mask_t active_mask();  // the lanes that happen to be together

// What all lanes of a warp do as one: a finding where a lane has ended, or gives another operand than the others.
// The same number for all of them, of this operation among those of their warp.
struct Operand {
    const char* name;
    std::uint64_t value;
};
unsigned together(const Operand* operands, unsigned count);

template <class T>
std::uint64_t operand(const T* p) { return reinterpret_cast<std::uintptr_t>(p); }
template <class T, class = std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>>>
std::uint64_t operand(T n) { return static_cast<std::uint64_t>(n); }

// Memory the lanes of the running warp share; same address for all of them until the block ends, contents undefined.
void* warp_scratch(std::size_t bytes);

// ---------------------------------------------------------------- address spaces

// On a variable: it becomes static in the section of its space (aligned to 64 bytes).
#define XP_SPACE(name) static __attribute__((section("xp_" name), aligned(64)))

struct Range {
    const char *begin, *end;
    bool has(const void* p, std::size_t bytes) const {
        auto c = static_cast<const char*>(p);
        return begin <= c && c <= end && bytes <= std::size_t(end - c);
    }
};
extern Range nram, wram, sram, shared; // the used part of each section
extern Range shared_dynamic;

bool in_buffer(const void* p, std::size_t bytes);  // inside one live allocation that kernels may touch

// name is one of nram wram sram shared global. False also when the range leaves the space.
inline bool in_space(const void* p, std::size_t bytes, const char* name) {
    switch (name[0]) {
    case 'n': return nram.has(p, bytes);
    case 'w': return wram.has(p, bytes);
    case 's': return name[1] == 'r' ? sram.has(p, bytes)
                                    : shared.has(p, bytes) || shared_dynamic.has(p, bytes);
    default: return in_buffer(p, bytes);
    }
}

const char* space_of(const void* p); // nram wram sram shared global host local

// ---------------------------------------------------------------- device memory (for a host API in device.h)

enum class Copy { host_to_host, host_to_device, device_to_host, device_to_device, any };

void* dev_malloc(std::size_t bytes, const char* name = "");  // starts at a multiple of 64; all 0xFF
void dev_free(void* p);                                        // null is fine; checks the red zone
void dev_copy(void* dst, const void* src, std::size_t bytes, Copy kind);
void dev_set(void* dst, int byte, std::size_t bytes);

// ---------------------------------------------------------------- copies that arrive later

// A copy the running thread started on one of its queues. Its bytes are read, and written, when the thread waits
// for it (or ends): whoever looks sooner sees the old contents, and a checked run says so.
void async_copy(int queue, void* dst, const void* src, std::size_t bytes);
void async_fill(int queue, void* dst, int byte, std::size_t bytes);  // the same for a fill
void async_commit(int queue);           // what was started since the last commit is one batch
void async_wait(int queue, int left);   // all but the newest `left` batches have arrived; 0 takes uncommitted copies too

// ---------------------------------------------------------------- accesses that are not plain

// In the lifetime of one, what the running thread does to memory is one atomic operation. For atomics whose body is
// not made of the compiler's own __atomic_ functions, which are known as such.
struct Atomically {
    Atomically();
    ~Atomically();
};

// ---------------------------------------------------------------- findings

// Report a finding at the user's line and stop the run.
[[noreturn]] void finding(const char* code, const char* format, ...) __attribute__((format(printf, 2, 3)));
[[noreturn]] void require_failed(const char* code, const char* message);

// What a rule looks at is not what the program looks at: in the lifetime of one of these, accesses are not watched.
extern int quiet;
struct Quiet {
    Quiet() { ++quiet; }
    ~Quiet() { --quiet; }
};

#define XP_REQUIRE(condition, message) XP_RULE("XP2120", condition, message)
#define XP_RULE(code, condition, message) \
    do { \
        ++xp::quiet; \
        bool xp_holds = bool(condition); \
        --xp::quiet; \
        if (__builtin_expect(!xp_holds, 0)) xp::require_failed(code, message); \
    } while (0)

// ---------------------------------------------------------------- the driver of one entry

struct Slot {
    void* buffer;
    double real;
    long long integer;
};

int drive(int argc, char** argv, void (*call)(const Slot*));
int drive_many(int argc, char** argv, void (*call)(const Slot*)); // once for each of many choices (many.cpp)

Geometry given_geometry(unsigned warp); // of a kernel that is run without a launcher

// Arguments that become whatever type the parameter has, so that the call's own overload resolution decides.
struct BufferSlot {
    const Slot& slot;
    template <class T>
    operator T*() const {
        return static_cast<T*>(slot.buffer);
    }
};

struct NumberSlot {
    const Slot& slot;
    template <class T, class = std::enable_if_t<!std::is_pointer_v<T> && !std::is_reference_v<T>>>
    operator T() const {
        if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) return static_cast<T>(slot.integer);
        else return static_cast<T>(slot.real);
    }
};

template <class F>
void launch_call(const Geometry& geometry, const char* name, F call) {
    launch(geometry, name, [](void* d) { (*static_cast<F*>(d))(); }, &call);
}

} // namespace xp
