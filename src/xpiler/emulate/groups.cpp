// Groups: a CUDA block or a BANG task, its number, and the on-chip memory it finds when it runs.
#include "shadow.h"

namespace xp {

Index3 block_idx, block_dim{1, 1, 1}, grid_dim{1, 1, 1};
unsigned task, task_dim = 1, cluster, cluster_dim = 1, core, core_dim = 1, warp_size = 32;
Range shared_dynamic;
Group* active;

namespace {

struct Sram {
    std::vector<char> image;
    bool has_image = false;
};

std::vector<Group*> spare; // groups to use again
std::vector<Sram> srams;
unsigned sram_owner = ~0u;

void poison(const Range& r) {
    std::memset(const_cast<char*>(r.begin), unset(), r.end - r.begin);
    shadow_know(r.begin, r.end - r.begin, false);
}

const Range* private_ranges(std::size_t& n) {
    static Range ranges[4];
    ranges[0] = nram, ranges[1] = wram, ranges[2] = shared, ranges[3] = shared_dynamic;
    n = 4;
    return ranges;
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
    if (!watched || !g->has_image) return;
    at = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (const char* p = r[i].begin; p < r[i].end; ++p) shadow_know(p, 1, g->known[at++]);
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
    if (n && srams[c].has_image) {
        std::memcpy(const_cast<char*>(sram.begin), srams[c].image.data(), n);
        shadow_know(sram.begin, n, true);
    } else {
        poison(sram);
    }
}

} // namespace

void reset_memory() {
    srams.assign(cluster_dim, {});
    sram_owner = ~0u;
}

void save_image(Group* g) {
    std::size_t n, at = 0, total = 0;
    const Range* r = private_ranges(n);
    for (std::size_t i = 0; i < n; ++i) total += r[i].end - r[i].begin;
    g->image.resize(total);
    for (std::size_t i = 0; i < n; at += r[i].end - r[i].begin, ++i)
        std::memcpy(g->image.data() + at, r[i].begin, r[i].end - r[i].begin);
    g->has_image = true;
    if (!watched) return;
    g->known.clear();
    for (std::size_t i = 0; i < n; ++i)
        for (const char* p = r[i].begin; p < r[i].end; ++p) g->known.push_back(shadow_knows(p));
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
    share_group(g->linear);
}

Group* make_group(unsigned long long n) {
    Group* g;
    if (spare.empty()) {
        g = new Group;
    } else {
        g = spare.back();
        spare.pop_back();
    }
    const Geometry& geo = *geometry;
    g->linear = unsigned(n);
    g->block = {unsigned(n % geo.grid.x), unsigned(n / geo.grid.x % geo.grid.y),
                unsigned(n / geo.grid.x / geo.grid.y)};
    g->cluster = unsigned(n / core_dim);
    g->total = geo.block.x * geo.block.y * geo.block.z;
    g->started = g->done = 0;
    g->ready.clear(), g->ready_at = 0, g->at_block.clear(), g->at_outer = 0;
    g->standing.clear(), g->stood = false;
    g->votes = g->vote_count = 0, g->queued = g->has_image = false, g->met = 0;
    g->warps.resize((g->total + warp_size - 1) / warp_size);
    for (std::size_t w = 0; w < g->warps.size(); ++w) {
        unsigned lanes = std::min<unsigned>(warp_size, g->total - unsigned(w) * warp_size);
        g->warps[w].gone = lanes == 64 ? 0 : ~mask_t(0) << lanes;
        g->warps[w].pending = 0, g->warps[w].met = 0, g->warps[w].operations = 0;
    }
    return g;
}

void drop(Group* g) { spare.push_back(g); }

} // namespace xp
