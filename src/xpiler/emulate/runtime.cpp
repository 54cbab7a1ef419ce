// Fibers: the scheduler that runs the threads of a launch, their meeting points and exchanges.
#include "runtime.h"

#include "machine.h"

#include <deque>

#include <sys/mman.h>

namespace xp {

Index3 thread_idx, block_idx, block_dim{1, 1, 1}, grid_dim{1, 1, 1};
unsigned thread_linear, task, task_dim = 1, cluster, cluster_dim = 1, core, core_dim = 1, warp_size = 32;
char* dynamic_shared;
Range shared_dynamic;

namespace {

enum class Op { barrier, exchange, ballot };

struct Group;

struct Fiber {
    void* sp = nullptr;
    char* stack = nullptr;
    std::size_t size = 0;
    Group* group = nullptr;
    Index3 index{};
    unsigned linear = 0;
    void* site = nullptr;
    // what it posted at a warp meeting
    Op op = Op::barrier;
    mask_t mask = 0;
    unsigned source = 0;
    unsigned char value[16] = {};
    mask_t ballot = 0;
    std::size_t bytes = 0;
    const char* wait = "";
};

struct Warp {
    mask_t gone = 0;     // lanes that exited or never were
    mask_t pending = 0;  // lanes that wait
    Fiber* lane[64] = {};
    std::vector<char> scratch;
};

struct Meeting {
    std::size_t live = 0;
    std::vector<Fiber*> waiting;
};

struct Group {
    Index3 block{};
    unsigned linear = 0, cluster = 0;
    unsigned total = 0, started = 0, done = 0;
    std::vector<Fiber*> ready;
    std::size_t ready_at = 0;
    std::vector<Fiber*> at_block;
    int votes = 0, vote_count = 0, vote_of = 0;
    std::size_t at_outer = 0;
    bool queued = false, has_image = false;
    std::vector<Warp> warps;
    std::vector<char> image;
};

struct Sram {
    std::vector<char> image;
    bool has_image = false;
};

const Geometry* geometry;
const char* kernel_name;
void (*kernel_body)(void*);
void* kernel_data;

Fiber* current;
Group* active;
void* main_sp;
std::vector<Fiber*> idle_fibers[2]; // without a thread; with small and with large stacks
std::vector<Fiber*> all_fibers;
std::vector<Group*> spare;        // groups to use again
std::deque<Group*> runnable;      // groups that were released by an outer barrier
unsigned long long next_group, group_count;
std::size_t parked;
std::vector<Meeting> clusters;
std::vector<Sram> srams;
Meeting everyone;
unsigned sram_owner = ~0u;
std::size_t stack_bytes;
bool soft_reported;

extern "C" void xp_switch(void** save, void* to);
asm(R"(
.text
.globl xp_switch
.type xp_switch, @function
xp_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size xp_switch, .-xp_switch
)");

void worker();

constexpr std::size_t PAGE = 4096, SMALL_STACK = 256 << 10, LARGE_STACK = 4 << 20;

std::vector<Fiber*>& idle_of(std::size_t size) { return idle_fibers[size > SMALL_STACK]; }

void arm(Fiber* f) {
    auto top = reinterpret_cast<std::uintptr_t*>(f->stack + f->size);
    *--top = 0;  // keeps the entry's stack 8 past a multiple of 16, as after a call
    *--top = reinterpret_cast<std::uintptr_t>(&worker);
    for (int i = 0; i < 6; ++i) *--top = 0;
    f->sp = top;
}

Fiber* fresh() {
    Fiber* f;
    auto& idle = idle_of(stack_bytes);
    if (!idle.empty()) {
        f = idle.back();
        idle.pop_back();
    } else {
        f = new Fiber;
        f->size = stack_bytes;
        auto map = static_cast<char*>(mmap(nullptr, stack_bytes + PAGE, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        if (map == MAP_FAILED) out_of_memory("a thread's stack");
        mprotect(map, PAGE, PROT_NONE);
        f->stack = map + PAGE;
        all_fibers.push_back(f);
    }
    arm(f);
    return f;
}

void become(Fiber* f) {
    current = f;
    thread_idx = f->index;
    thread_linear = f->linear;
}

void run(Fiber* f) {
    Fiber* self = current;
    if (f == self) return become(f);
    void** save = self ? &self->sp : &main_sp;
    become(f);
    xp_switch(save, f->sp);
}

// ------------------------------------------------------------ on-chip memory of a group

void poison(const Range& r) { std::memset(const_cast<char*>(r.begin), 0xFF, r.end - r.begin); }

const Range* private_ranges(std::size_t& n) {
    static Range ranges[4];
    ranges[0] = nram, ranges[1] = wram, ranges[2] = shared, ranges[3] = shared_dynamic;
    n = 4;
    return ranges;
}

void save_image(Group* g) {
    std::size_t n, at = 0, total = 0;
    const Range* r = private_ranges(n);
    for (std::size_t i = 0; i < n; ++i) total += r[i].end - r[i].begin;
    g->image.resize(total);
    for (std::size_t i = 0; i < n; at += r[i].end - r[i].begin, ++i)
        std::memcpy(g->image.data() + at, r[i].begin, r[i].end - r[i].begin);
    g->has_image = true;
}

void load_image(Group* g) {
    std::size_t n, at = 0;
    const Range* r = private_ranges(n);
    for (std::size_t i = 0; i < n; at += r[i].end - r[i].begin, ++i) {
        if (g->has_image)
            std::memcpy(const_cast<char*>(r[i].begin), g->image.data() + at, r[i].end - r[i].begin);
        else
            poison(r[i]);
    }
}

void own_sram(unsigned c) {
    if (c == sram_owner) return;
    std::size_t n = sram.end - sram.begin;
    if (n && sram_owner != ~0u && clusters[sram_owner].live) {
        Sram& s = srams[sram_owner];
        s.image.assign(sram.begin, sram.end);
        s.has_image = true;
    }
    sram_owner = c;
    if (n && srams[c].has_image)
        std::memcpy(const_cast<char*>(sram.begin), srams[c].image.data(), n);
    else
        poison(sram);
}

void activate(Group* g) {
    active = g;
    g->queued = false;
    block_idx = g->block;
    task = g->linear;
    cluster = g->cluster;
    core = g->linear % core_dim;
    own_sram(g->cluster);
    load_image(g);
}

Group* make_group() {
    Group* g;
    if (spare.empty()) {
        g = new Group;
    } else {
        g = spare.back();
        spare.pop_back();
    }
    const Geometry& geo = *geometry;
    unsigned long long n = next_group++;
    g->linear = unsigned(n);
    g->block = {unsigned(n % geo.grid.x), unsigned(n / geo.grid.x % geo.grid.y),
                unsigned(n / geo.grid.x / geo.grid.y)};
    g->cluster = unsigned(n / core_dim);
    g->total = geo.block.x * geo.block.y * geo.block.z;
    g->started = g->done = 0;
    g->ready.clear(), g->ready_at = 0, g->at_block.clear(), g->at_outer = 0;
    g->votes = g->vote_count = 0, g->queued = g->has_image = false;
    g->warps.resize((g->total + warp_size - 1) / warp_size);
    for (std::size_t w = 0; w < g->warps.size(); ++w) {
        unsigned lanes = std::min<unsigned>(warp_size, g->total - unsigned(w) * warp_size);
        g->warps[w].gone = lanes == 64 ? 0 : ~mask_t(0) << lanes;
        g->warps[w].pending = 0;
    }
    return g;
}

// ------------------------------------------------------------ who runs next

void wake(Fiber* f) {
    Group* g = f->group;
    g->ready.push_back(f);
    if (g != active && !g->queued) {
        g->queued = true;
        runnable.push_back(g);
    }
}

void release_outer(Meeting& m) {
    std::vector<Fiber*> list;
    list.swap(m.waiting);
    for (Fiber* f : list) {
        --f->group->at_outer;
        wake(f);
    }
}

void settle_outer(Meeting& m) {
    if (!m.waiting.empty() && m.waiting.size() == m.live) release_outer(m);
}

void release_block(Group* g) {
    g->vote_count = g->votes, g->vote_of = int(g->at_block.size());
    g->votes = 0;
    for (Fiber* f : g->at_block) {
        if (f->site != g->at_block[0]->site && !soft_reported) {
            soft_reported = true;
            soft_divergence(g->at_block[0]->site, f->site);
        }
    }
    g->ready.insert(g->ready.end(), g->at_block.begin(), g->at_block.end());
    g->at_block.clear();
}

// Complete the meeting of `lanes`: everyone's result is worked out before anyone goes on.
void complete(Warp& w, mask_t lanes) {
    mask_t ballot = 0;
    for (mask_t rest = lanes; rest; rest &= rest - 1) {
        int l = __builtin_ctzll(rest);
        if (w.lane[l]->ballot) ballot |= mask_t(1) << l;
    }
    unsigned char out[64][16];
    bool moves = w.lane[__builtin_ctzll(lanes)]->op == Op::exchange;
    if (moves) {
        for (mask_t rest = lanes; rest; rest &= rest - 1) {
            Fiber* f = w.lane[__builtin_ctzll(rest)];
            unsigned char* to = out[__builtin_ctzll(rest)];
            if (f->source < 64 && (lanes >> f->source & 1))
                std::memcpy(to, w.lane[f->source]->value, 16);
            else
                std::memset(to, 0xFF, 16);
        }
    }
    for (mask_t rest = lanes; rest; rest &= rest - 1) {
        int l = __builtin_ctzll(rest);
        Fiber* f = w.lane[l];
        if (moves) std::memcpy(f->value, out[l], 16);
        f->ballot = ballot;
        f->mask = lanes;
        wake(f);
    }
    w.pending &= ~lanes;
}

// The lanes that can go on now because everyone they named is here; 0 if nobody can.
mask_t complete_set(Warp& w, Fiber* f) {
    mask_t want = (f->mask == ACTIVE ? ~mask_t(0) : f->mask) & ~w.gone;
    if (want & ~w.pending) return 0;
    for (mask_t rest = want; rest; rest &= rest - 1) {
        Fiber* other = w.lane[__builtin_ctzll(rest)];
        if (other->mask != f->mask || other->op != f->op) return 0;
        if (f->mask == ACTIVE && other->site != f->site) return 0;
    }
    return want;
}

void settle_warp(Warp& w) {
    for (mask_t rest = w.pending; rest; rest &= rest - 1) {
        mask_t set = complete_set(w, w.lane[__builtin_ctzll(rest)]);
        if (set) {
            complete(w, set);
            rest = w.pending;
            if (!rest) break;
        }
    }
}

// Nobody can run: lanes that asked for "whoever is here" go on with those that are at the same place.
bool release_converged(Group* g) {
    bool any = false;
    for (Warp& w : g->warps) {
        for (mask_t rest = w.pending; rest; rest &= rest - 1) {
            Fiber* first = w.lane[__builtin_ctzll(rest)];
            if (first->mask != ACTIVE) continue;
            mask_t set = 0;
            for (mask_t r = w.pending; r; r &= r - 1) {
                Fiber* f = w.lane[__builtin_ctzll(r)];
                if (f->mask == ACTIVE && f->op == first->op && f->site == first->site)
                    set |= mask_t(1) << __builtin_ctzll(r);
            }
            complete(w, set);
            any = true;
            break;
        }
    }
    return any;
}

[[noreturn]] void stuck(Group* g) {
    Fiber *first = nullptr, *second = nullptr;
    auto see = [&](Fiber* f) {
        if (!first) first = f;
        else if (!second && (f->site != first->site || f->wait != first->wait)) second = f;
    };
    for (Fiber* f : g->at_block) see(f);
    for (Warp& w : g->warps)
        for (mask_t rest = w.pending; rest; rest &= rest - 1) see(w.lane[__builtin_ctzll(rest)]);
    for (Fiber* f : everyone.waiting) see(f);
    if (!clusters.empty() && g->cluster < clusters.size())
        for (Fiber* f : clusters[g->cluster].waiting) see(f);
    divergence(first ? first->sp : nullptr, second ? second->sp : nullptr,
               first ? first->wait : "a barrier", second ? second->wait : nullptr,
               first ? first->index : Index3{}, second ? second->index : Index3{});
}

enum class Next { fiber, start, over };

Next pick(Fiber*& out) {
    for (;;) {
        if (Group* g = active) {
            if (g->ready_at < g->ready.size()) {
                out = g->ready[g->ready_at++];
                if (g->ready_at == g->ready.size()) g->ready.clear(), g->ready_at = 0;
                return Next::fiber;
            }
            if (g->started < g->total) return Next::start;
            if (release_converged(g)) continue;
            if (g->done == g->total) {
                spare.push_back(g);
            } else if (g->at_outer == g->total - g->done) {
                save_image(g);
                ++parked;
            } else {
                stuck(g);
            }
            active = nullptr;
        }
        if (!runnable.empty()) {
            Group* g = runnable.front();
            runnable.pop_front();
            --parked;
            activate(g);
        } else if (next_group < group_count) {
            activate(make_group());
        } else if (parked) {
            Meeting* m = &everyone;
            for (Meeting& c : clusters)
                if (!c.waiting.empty()) m = &c;
            stuck((everyone.waiting.empty() ? m : &everyone)->waiting[0]->group);
        } else {
            return Next::over;
        }
    }
}

void yield() {
    Fiber* f = nullptr;
    switch (pick(f)) {
    case Next::fiber: run(f); break;
    case Next::start: run(fresh()); break;
    case Next::over: internal("a waiting thread was forgotten"); break;
    }
}

void wait(const char* what, void* site) {
    current->wait = what;
    current->site = site;
    yield();
}

void begin(Fiber* f) {
    Group* g = active;
    f->group = g;
    unsigned t = g->started++;
    f->linear = t;
    f->index = {t % block_dim.x, t / block_dim.x % block_dim.y, t / block_dim.x / block_dim.y};
    become(f);
}

void finish(Fiber* f) {
    Group* g = f->group;
    ++g->done;
    Warp& w = g->warps[f->linear / warp_size];
    w.gone |= mask_t(1) << (f->linear % warp_size);
    if (w.pending) settle_warp(w);
    if (!g->at_block.empty() && g->at_block.size() == g->total - g->done) release_block(g);
    --everyone.live;
    --clusters[g->cluster].live;
    settle_outer(clusters[g->cluster]);
    settle_outer(everyone);
}

void worker() {
    for (;;) {
        Fiber* self = current;
        begin(self);
        kernel_body(kernel_data);
        finish(self);
        Fiber* next = nullptr;
        switch (pick(next)) {
        case Next::start: continue;
        case Next::fiber:
            idle_of(self->size).push_back(self);
            run(next);
            break;
        case Next::over: {
            idle_of(self->size).push_back(self);
            current = nullptr;
            xp_switch(&self->sp, main_sp);
        }
        }
    }
}

Warp& own_warp() { return current->group->warps[current->linear / warp_size]; }

void meet_warp(Op op, mask_t mask, const char* what, void* site) {
    Fiber* f = current;
    if (!f) internal("a warp operation outside a kernel");
    Warp& w = own_warp();
    unsigned l = f->linear % warp_size;
    if (mask != ACTIVE && !(mask >> l & 1))
        finding("XP2111", "%s: the calling lane %u is not in its mask 0x%llx", what, l, mask);
    if (warp_size < 64 && mask != ACTIVE) mask &= (mask_t(1) << warp_size) - 1;
    f->op = op, f->mask = mask, f->site = site;
    w.lane[l] = f;
    w.pending |= mask_t(1) << l;
    if (mask_t set = complete_set(w, f)) complete(w, set);
    wait(what, site);
}

} // namespace

// ---------------------------------------------------------------- the public side

const char* bare(const char* parenthesised) {
    static char name[128];
    std::snprintf(name, sizeof name, "%s", parenthesised + 1);
    if (std::size_t n = std::strlen(name)) name[n - 1] = 0;
    return name;
}

void launch(const Geometry& geo, const char* kernel, void (*body)(void*), void* data) {
    if (current) finding("XP2121", "a kernel cannot launch a kernel here");
    auto volume = [](Index3 i) { return 1ull * i.x * i.y * i.z; };
    if (!volume(geo.block) || volume(geo.block) > geo.max_threads)
        finding("XP2121", "launch of %s with a block of %u x %u x %u threads; 1 to %u are allowed", kernel,
                geo.block.x, geo.block.y, geo.block.z, geo.max_threads);
    if (!volume(geo.grid) || volume(geo.grid) > 0x7fffffffull)
        finding("XP2121", "launch of %s with an empty or too large grid %u x %u x %u", kernel, geo.grid.x,
                geo.grid.y, geo.grid.z);
    geometry = &geo, kernel_name = kernel, kernel_body = body, kernel_data = data;
    block_dim = geo.block, grid_dim = geo.grid, warp_size = geo.warp;
    next_group = 0, group_count = volume(geo.grid), task_dim = unsigned(group_count);
    core_dim = std::max(1u, geo.cluster), cluster_dim = unsigned((group_count + core_dim - 1) / core_dim);
    clusters.assign(cluster_dim, {});
    for (unsigned c = 0; c < cluster_dim; ++c)
        clusters[c].live = std::min<std::size_t>(core_dim, group_count - std::size_t(c) * core_dim)
                           * volume(geo.block);
    srams.assign(cluster_dim, {});
    sram_owner = ~0u, parked = 0;
    everyone.waiting.clear(), everyone.live = group_count * volume(geo.block);
    stack_bytes = volume(geo.block) <= 16 ? LARGE_STACK : SMALL_STACK;
    dynamic_shared = geo.shared ? static_cast<char*>(guarded_scratch(geo.shared)) : nullptr;
    shared_dynamic = {dynamic_shared, dynamic_shared + geo.shared};
    active = nullptr;
    Fiber* f = nullptr;
    if (pick(f) == Next::start) run(fresh());
    if (geo.shared) guarded_release(dynamic_shared);
    dynamic_shared = nullptr, shared_dynamic = {};
    current = nullptr, active = nullptr, kernel_name = nullptr;
}

__attribute__((noinline)) void barrier_block() {
    Fiber* f = current;
    if (!f) internal("a barrier outside a kernel");
    Group* g = f->group;
    g->at_block.push_back(f);
    if (g->at_block.size() == g->total - g->done) {
        f->site = __builtin_return_address(0);
        release_block(g);
    }
    wait("the block's barrier", __builtin_return_address(0));
}

__attribute__((noinline)) int barrier_block_vote(int kind, int predicate) {
    Fiber* f = current;
    if (!f) internal("a barrier outside a kernel");
    Group* g = f->group;
    g->votes += predicate != 0;
    g->at_block.push_back(f);
    if (g->at_block.size() == g->total - g->done) {
        f->site = __builtin_return_address(0);
        release_block(g);
    }
    wait("the block's barrier", __builtin_return_address(0));
    return kind == 0 ? g->vote_count : kind == 1 ? g->vote_count == g->vote_of : g->vote_count > 0;
}

__attribute__((noinline)) void barrier_cluster() {
    Fiber* f = current;
    if (!f) internal("a barrier outside a kernel");
    Meeting& m = clusters[f->group->cluster];
    ++f->group->at_outer;
    m.waiting.push_back(f);
    settle_outer(m);
    wait("the cluster's barrier", __builtin_return_address(0));
}

__attribute__((noinline)) void barrier_all() {
    Fiber* f = current;
    if (!f) internal("a barrier outside a kernel");
    ++f->group->at_outer;
    everyone.waiting.push_back(f);
    settle_outer(everyone);
    wait("the launch's barrier", __builtin_return_address(0));
}

__attribute__((noinline)) void barrier_warp(mask_t mask) {
    if (current) current->ballot = 0;
    meet_warp(Op::barrier, mask, "the warp's barrier", __builtin_return_address(0));
}

__attribute__((noinline)) void exchange(void* value, std::size_t bytes, unsigned source, mask_t mask) {
    Fiber* f = current;
    if (!f) internal("a shuffle outside a kernel");
    std::memcpy(f->value, value, bytes);
    f->source = source, f->ballot = 0;
    meet_warp(Op::exchange, mask, "a shuffle", __builtin_return_address(0));
    std::memcpy(value, f->value, bytes);
}

__attribute__((noinline)) mask_t vote(Vote kind, bool predicate, mask_t mask) {
    Fiber* f = current;
    if (!f) internal("a vote outside a kernel");
    f->ballot = predicate;
    meet_warp(Op::ballot, mask, "a vote", __builtin_return_address(0));
    switch (kind) {
    case VOTE_ALL: return f->ballot == f->mask;
    case VOTE_ANY: return f->ballot != 0;
    case VOTE_BALLOT: break;
    }
    return f->ballot;
}

__attribute__((noinline)) mask_t active_mask() {
    Fiber* f = current;
    if (!f) internal("a vote outside a kernel");
    f->ballot = 1;
    meet_warp(Op::ballot, ACTIVE, "a vote", __builtin_return_address(0));
    return f->ballot;
}

void* warp_scratch(std::size_t bytes) {
    if (!current) internal("a warp operation outside a kernel");
    auto& s = own_warp().scratch;
    if (s.size() < bytes) s.reserve(std::max<std::size_t>(bytes, 1 << 16)), s.resize(bytes);
    return s.data();
}

// ---------------------------------------------------------------- what findings want to know

bool running(const char*& kernel) {
    kernel = kernel_name;
    return current != nullptr;
}

Range running_stack() { return current ? Range{current->stack, current->stack + current->size} : Range{}; }

bool in_stack_guard(const void* p) {
    auto c = static_cast<const char*>(p);
    for (Fiber* f : all_fibers)
        if (c >= f->stack - PAGE && c < f->stack) return true;
    return false;
}

} // namespace xp
