// Launches: a kernel's threads started group by group, and who runs next while some of them wait.
#include "shadow.h"

#include <deque>
#include <numeric>

namespace xp {

Index3 thread_idx;
unsigned thread_linear;
char* dynamic_shared;
const Geometry* geometry;
bool backwards, in_turns;
std::uint64_t clusters_run;
Fiber* current;

namespace {

const char* kernel_name;
void (*kernel_body)(void*);
void* kernel_data;
std::deque<Group*> runnable;      // groups that were released by an outer barrier
unsigned long long next_group, group_count;
std::size_t parked;
std::deque<Group*> stepped_back;         // groups that let others go first
constexpr unsigned MOST_BACK = 2048;       // threads of them

// Which of so many groups, or passes of a loop, are taken where only some are: the first, the last, and some scattered
// ones, an eighth of all at most.
struct Some {
    std::uint64_t of = 0, stride = 1;

    void scatter(std::uint64_t number) {
        if (number == of) return;
        of = number;
        stride = of * 5 / 8 | 1;
        while (std::gcd(stride, of) != 1) ++stride;
    }
    bool takes(std::uint64_t one) const {
        if (!clusters_run || one + 1 >= of) return true;
        return one * stride % of < std::clamp<std::uint64_t>(of / 8, 1, clusters_run);
    }
} some;

unsigned threads_back() {
    unsigned n = 0;
    for (const Group* g : stepped_back) n += g->total;
    return n;
}

enum class Next { fiber, start, over };

Next pick(Fiber*& out) {
    Quiet quiet;
    for (;;) {
        if (Group* g = active) {
            if (g->ready_at < g->ready.size()) {
                out = g->ready[g->ready_at++];
                if (g->ready_at == g->ready.size()) g->ready.clear(), g->ready_at = 0;
                return Next::fiber;
            }
            if (g->started < g->total) return Next::start;
            if (!g->standing.empty()) {
                if (g->stood || next_group == group_count || threads_back() + g->total > MOST_BACK) {
                    g->ready.swap(g->standing);
                    continue;
                }
                g->stood = true;
                save_image(g);
                stepped_back.push_back(g);
                active = nullptr;
                continue;
            }
            if (release_converged(g)) continue;
            if (g->done == g->total) {
                drop(g);
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
            unsigned long long n = next_group++;
            if (backwards) n = group_count - 1 - n;
            if (some.takes(n / core_dim)) activate(make_group(n));
        } else if (!stepped_back.empty()) {
            Group* g = stepped_back.front();
            stepped_back.pop_front();
            activate(g);
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
    case Next::fiber: resume(f); break;
    case Next::start: resume(fresh()); break;
    case Next::over: internal("a waiting thread was forgotten"); break;
    }
}

void begin(Fiber* f) {
    Group* g = active;
    f->group = g;
    unsigned t = g->started++;
    if (backwards) t = g->total - 1 - t;
    f->linear = t;
    f->index = {t % block_dim.x, t / block_dim.x % block_dim.y, t / block_dim.x / block_dim.y};
    become(f);
}

void finish(Fiber* f) {
    Group* g = f->group;
    races_settle();
    arrive_all(f);
    races_settle();
    ++g->done;
    Warp& w = g->warps[f->linear / warp_size];
    w.gone |= mask_t(1) << (f->linear % warp_size);
    if (w.pending) left_alone(f), settle_warp(w);
    if (!g->at_block.empty() && g->at_block.size() == g->total - g->done) release_block(g);
    --everyone.live;
    --clusters[g->cluster].live;
    settle_outer(clusters[g->cluster]);
    settle_outer(everyone);
}

} // namespace

bool left_out(std::initializer_list<Pass> nest, bool deepest) {
    if (!clusters_run) return false;
    constexpr std::uint64_t ENOUGH = 256; // passes from which on loops within are run whole
    std::uint64_t at = 0, of = 1, outer = 0;
    for (const Pass& p : nest) {
        const std::int64_t by = std::max<std::int64_t>(p.by, 1), number = (p.to - p.from + by - 1) / by;
        const std::uint64_t here = std::max<std::int64_t>(number, 1);
        outer = &p == nest.begin() ? 0 : of;
        at = at * here + std::clamp<std::int64_t>((p.at - p.from) / by, 0, here);
        of *= here;
    }
    if (outer >= ENOUGH || (of < ENOUGH && !deepest)) return false;
    some.scatter(of);
    return !some.takes(at);
}

void enqueue(Group* g) {
    if (g->queued) return;
    g->queued = true;
    runnable.push_back(g);
}

void wait(const char* what, void* site) {
    races_settle();
    current->wait = what;
    current->site = site;
    yield();
}

void let_others() {
    if (!current) return;
    races_settle();
    active->standing.push_back(current);
    yield();
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
            retire(self);
            resume(next);
            break;
        case Next::over: {
            retire(self);
            current = nullptr;
            xp_switch(&self->sp, main_sp);
        }
        }
    }
}

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
    auto over = [](Index3 i, Index3 most) { return i.x > most.x || i.y > most.y || i.z > most.z; };
    if (over(geo.block, geo.max_block) || over(geo.grid, geo.max_grid))
        finding("XP2121", "launch of %s with a grid of %u x %u x %u blocks of %u x %u x %u threads; the most along each "
                "axis are %u x %u x %u and %u x %u x %u", kernel, geo.grid.x, geo.grid.y, geo.grid.z, geo.block.x,
                geo.block.y, geo.block.z, geo.max_grid.x, geo.max_grid.y, geo.max_grid.z, geo.max_block.x,
                geo.max_block.y, geo.max_block.z);
    if (geo.shared > geo.max_shared)
        finding("XP2121", "launch of %s with %zu bytes of dynamic shared memory; %zu are allowed here", kernel,
                geo.shared, geo.max_shared);
    geometry = &geo, kernel_name = kernel, kernel_body = body, kernel_data = data;
    block_dim = geo.block, grid_dim = geo.grid, warp_size = geo.warp;
    next_group = 0, group_count = volume(geo.grid), task_dim = unsigned(group_count);
    core_dim = std::max(1u, geo.cluster), cluster_dim = unsigned((group_count + core_dim - 1) / core_dim);
    clusters.assign(cluster_dim, {});
    some.scatter(cluster_dim);
    everyone.waiting.clear(), everyone.live = 0;
    for (unsigned c = 0; c < cluster_dim; ++c)
        if (some.takes(c)) {
            clusters[c].live = std::min<std::size_t>(core_dim, group_count - std::size_t(c) * core_dim)
                               * volume(geo.block);
            everyone.live += clusters[c].live;
        }
    reset_memory();
    parked = 0;
    stepped_back.clear();
    races_launch();
    if (watched) note_launch(kernel, volume(geo.block));
    share_launch(group_count);
    choose_stacks(volume(geo.block));
    dynamic_shared = geo.shared ? static_cast<char*>(guarded_scratch(geo.shared)) : nullptr;
    shared_dynamic = {dynamic_shared, dynamic_shared + geo.shared};
    active = nullptr;
    Fiber* f = nullptr;
    if (pick(f) == Next::start) resume(fresh());
    if (geo.shared) guarded_release(dynamic_shared);
    dynamic_shared = nullptr, shared_dynamic = {};
    share_start();
    current = nullptr, active = nullptr, kernel_name = nullptr;
}

bool running(const char*& kernel) {
    kernel = kernel_name;
    return current != nullptr;
}

} // namespace xp
