// Meetings: barriers of blocks, clusters and launches, and what the lanes of a warp exchange.
#include "shadow.h"

namespace xp {

std::vector<Meeting> clusters;
Meeting everyone;

namespace {

bool soft_reported;

void wake(Fiber* f) {
    Group* g = f->group;
    g->ready.push_back(f);
    if (g != active) enqueue(g);
}

void release_outer(Meeting& m) {
    std::vector<Fiber*> list;
    list.swap(m.waiting);
    m.met = tick();
    for (Fiber* f : list) {
        --f->group->at_outer;
        wake(f);
    }
}

// Complete the meeting of `lanes`: everyone's result is worked out before anyone goes on.
void complete(Warp& w, mask_t lanes) {
    mask_t ballot = 0;
    for (mask_t rest = lanes; rest; rest &= rest - 1) {
        int l = __builtin_ctzll(rest);
        if (w.lane[l]->ballot) ballot |= mask_t(1) << l;
    }
    unsigned char out[64][16];
    const Op op = w.lane[__builtin_ctzll(lanes)]->op;
    const bool moves = op == Op::exchange;
    if (op == Op::together) ++w.operations;
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
        f->serial = w.operations;
        wake(f);
    }
    w.pending &= ~lanes;
    w.met = tick();
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

Fiber* caller(const char* what) {
    if (!current) internal(what);
    return current;
}

Warp& own_warp() { return current->group->warps[current->linear / warp_size]; }

Index3 index_of(unsigned linear) {
    return {linear % block_dim.x, linear / block_dim.x % block_dim.y, linear / block_dim.x / block_dim.y};
}

[[noreturn]] void missing(const Fiber* f, unsigned ended, bool running) {
    char message[256];
    const Index3 a = f->index, b = index_of(ended);
    std::snprintf(message, sizeof message, "thread (%u,%u,%u) comes to what all lanes of its warp do as one, but thread "
                  "(%u,%u,%u) of the warp has ended", a.x, a.y, a.z, b.x, b.y, b.z);
    disagreement(running ? nullptr : f->sp, nullptr, message);
}

// The lanes of a warp come one by one: each is compared with one that waits.
void compare(const Warp& w, const Fiber* f) {
    const mask_t ended = warp_size < 64 ? w.gone & ((mask_t(1) << warp_size) - 1) : w.gone;
    if (__builtin_expect(ended != 0, 0))
        missing(f, f->linear / warp_size * warp_size + unsigned(__builtin_ctzll(ended)), true);
    const Fiber* other = nullptr;
    for (mask_t rest = w.pending; rest && !other; rest &= rest - 1) {
        const Fiber* at = w.lane[__builtin_ctzll(rest)];
        if (at->op == Op::together) other = at;
    }
    if (!other) return;
    for (unsigned i = 0; i < f->count; ++i) {
        if (i < other->count && f->operands[i].value == other->operands[i].value) continue;
        char message[256];
        const Index3 a = f->index, b = other->index;
        std::snprintf(message, sizeof message, "the lanes of a warp do this as one, but thread (%u,%u,%u) gives another "
                      "%s than thread (%u,%u,%u)", a.x, a.y, a.z, f->operands[i].name, b.x, b.y, b.z);
        disagreement(nullptr, other->sp, message);
    }
}

void meet_warp(Op op, mask_t mask, const char* what, void* site) {
    Fiber* f = caller("a warp operation outside a kernel");
    Warp& w = own_warp();
    unsigned l = f->linear % warp_size;
    if (op == Op::together) compare(w, f);
    if (mask != ACTIVE && !(mask >> l & 1))
        finding("XP2111", "%s: the calling lane %u is not in its mask 0x%llx", what, l, mask);
    if (warp_size < 64 && mask != ACTIVE) mask &= (mask_t(1) << warp_size) - 1;
    f->op = op, f->mask = mask, f->site = site;
    w.lane[l] = f;
    w.pending |= mask_t(1) << l;
    if (mask_t set = complete_set(w, f)) complete(w, set);
    wait(what, site);
}

// The caller waits for all others of its block; whoever comes last lets them go.
void meet_block(void* site) {
    Fiber* f = current;
    Group* g = f->group;
    g->at_block.push_back(f);
    if (g->at_block.size() == g->total - g->done) {
        f->site = site;
        release_block(g);
    }
    wait("the block's barrier", site);
}

} // namespace

// ---------------------------------------------------------------- for the scheduler

void settle_outer(Meeting& m) {
    if (!m.waiting.empty() && m.waiting.size() == m.live) release_outer(m);
}

void release_block(Group* g) {
    g->vote_count = g->votes, g->vote_of = int(g->at_block.size());
    g->votes = 0;
    g->met = tick();
    for (Fiber* f : g->at_block) {
        if (f->site != g->at_block[0]->site && !soft_reported) {
            soft_reported = true;
            soft_divergence(g->at_block[0]->site, f->site);
        }
    }
    g->ready.insert(g->ready.end(), g->at_block.begin(), g->at_block.end());
    g->at_block.clear();
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

void left_alone(const Fiber* f) {
    const Warp& w = f->group->warps[f->linear / warp_size];
    for (mask_t rest = w.pending; rest; rest &= rest - 1) {
        const Fiber* other = w.lane[__builtin_ctzll(rest)];
        if (other->op == Op::together) missing(other, f->linear, false);
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

void stuck(Group* g) {
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

// ---------------------------------------------------------------- the public side

__attribute__((noinline)) void barrier_block() {
    caller("a barrier outside a kernel");
    meet_block(__builtin_return_address(0));
}

__attribute__((noinline)) int barrier_block_vote(int kind, int predicate) {
    Group* g = caller("a barrier outside a kernel")->group;
    g->votes += predicate != 0;
    meet_block(__builtin_return_address(0));
    return kind == 0 ? g->vote_count : kind == 1 ? g->vote_count == g->vote_of : g->vote_count > 0;
}

__attribute__((noinline)) void barrier_cluster() {
    Fiber* f = caller("a barrier outside a kernel");
    Meeting& m = clusters[f->group->cluster];
    ++f->group->at_outer;
    m.waiting.push_back(f);
    settle_outer(m);
    wait("the cluster's barrier", __builtin_return_address(0));
}

__attribute__((noinline)) void barrier_all() {
    Fiber* f = caller("a barrier outside a kernel");
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
    Fiber* f = caller("a shuffle outside a kernel");
    std::memcpy(f->value, value, bytes);
    f->source = source, f->ballot = 0;
    meet_warp(Op::exchange, mask, "a shuffle", __builtin_return_address(0));
    std::memcpy(value, f->value, bytes);
}

__attribute__((noinline)) mask_t vote(Vote kind, bool predicate, mask_t mask) {
    Fiber* f = caller("a vote outside a kernel");
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
    Fiber* f = caller("a vote outside a kernel");
    f->ballot = 1;
    meet_warp(Op::ballot, ACTIVE, "a vote", __builtin_return_address(0));
    return f->ballot;
}

__attribute__((noinline)) unsigned together(const Operand* operands, unsigned count) {
    Fiber* f = caller("a warp operation outside a kernel");
    f->operands = operands, f->count = count, f->ballot = 0;
    meet_warp(Op::together, ~mask_t(0), "an operation of its whole warp", __builtin_return_address(0));
    return f->serial;
}

void* warp_scratch(std::size_t bytes) {
    if (!current) internal("a warp operation outside a kernel");
    auto& s = own_warp().scratch;
    if (s.size() < bytes) s.reserve(std::max<std::size_t>(bytes, 1 << 16)), s.resize(bytes);
    return s.data();
}

} // namespace xp
