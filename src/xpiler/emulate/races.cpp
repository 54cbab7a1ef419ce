// What happened before what. (A plain read beside atomic operations is no race here: it is how every loop around a
// compare-and-swap begins.) Time moves on at meetings and atomic operations; two accesses of different threads race
// when at least one writes, no meeting of both lies between them, and no chain of atomic operations may have told the
// second of the first. In doubt two accesses count as ordered: a race that is reported is one.
#include "shadow.h"

#include <unordered_map>

namespace xp {

std::uint32_t now = 1;
bool unsettled;

namespace {

constexpr std::uint32_t ATOMIC = 1u << 31;
constexpr std::size_t CELL_BYTES = 2ull << 30; // of cells at most; memory beyond is not followed

std::uint32_t launch_start, threads;
std::size_t cell_bytes;
Range chip;  // all sections of on-chip memory
std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> block_atomics, thread_atomics; // when, ascending

// A store of at most 16 bytes that races unless it leaves what was there.
struct Store {
    std::size_t bytes = 0;
    std::uintptr_t p = 0;
    unsigned char old[16];
    bool races = false, other_writes = false;
    Touch other;
    std::uintptr_t pc = 0;
    Trace frames;  // of the store, which is judged when the next access comes
} store;

std::uint32_t self() { return active->linear * threads + current->linear; }

// Whether one of the first thread's atomic operations since `time` came before one of the second's.
bool told(std::unordered_map<std::uint32_t, std::vector<std::uint32_t>>& atomics, std::uint32_t first,
          std::uint32_t second, std::uint32_t time) {
    auto a = atomics.find(first), b = atomics.find(second);
    if (a == atomics.end() || b == atomics.end()) return false;
    auto release = std::lower_bound(a->second.begin(), a->second.end(), time);
    return release != a->second.end() && *release < b->second.back();
}

bool ordered(const Touch& t, std::uint32_t me, bool private_memory) {
    std::uint32_t who = t.who & ~ATOMIC;
    if (who == me || t.time < launch_start || (private_memory && t.time < active->met)) return true;
    std::uint32_t other_group = who / threads;
    if (other_group == active->linear) {
        if (t.time < active->met) return true;
        std::uint32_t warp = who % threads / warp_size;
        if (warp == current->linear / warp_size && t.time < active->warps[warp].met) return true;
        return told(thread_atomics, who, me, t.time);
    }
    if (private_memory || t.time < everyone.met) return true;
    if (other_group / core_dim == active->cluster && t.time < clusters[active->cluster].met) return true;
    return told(block_atomics, other_group, active->linear, t.time);
}

// The SRAM of another cluster has the same addresses.
bool elsewhere(const Touch& t, std::uintptr_t p) {
    auto c = reinterpret_cast<const char*>(p);
    return sram.begin <= c && c < sram.end && (t.who & ~ATOMIC) / threads / core_dim != active->cluster;
}

bool make_cells(Page& page) {
    std::size_t n = 4096u >> page.shift;
    if (cell_bytes + n * sizeof(Cells) > CELL_BYTES) return false;
    cell_bytes += n * sizeof(Cells);
    page.cells = new Cells[n];
    return true;
}

// Cells of one byte each from now on.
void split(Page& page) {
    if (page.cells) {
        auto fine = new Cells[4096];
        for (unsigned i = 0; i < 4096; ++i) fine[i] = page.cells[i >> page.shift];
        delete[] page.cells;
        page.cells = fine;
        cell_bytes += (4096 - (4096u >> page.shift)) * sizeof(Cells);
    }
    page.shift = 0;
}

// On-chip memory that one thread or one block has for itself. The sections lie one behind the other.
bool of_block(std::uintptr_t p) {
    auto c = reinterpret_cast<const char*>(p);
    if (p >= LOW_BYTES) return shared_dynamic.begin <= c && c < shared_dynamic.end;
    return chip.begin <= c && c < chip.end && !(sram.begin <= c && c < sram.end);
}

template <class F>
void each_cell(Page& page, std::uintptr_t p, std::size_t bytes, F f) {
    unsigned mask = (1u << page.shift) - 1;
    if (__builtin_expect((p | bytes) & mask, 0)) split(page);
    if (__builtin_expect(!page.cells, 0) && !make_cells(page)) return;
    if (__builtin_expect(bytes == 4 && page.shift == 2, 1)) return f(page.cells[p % 4096 >> 2], p);
    for (unsigned at = p % 4096, end = at + unsigned(bytes); at < end; at += 1u << page.shift)
        f(page.cells[at >> page.shift], p + (at - p % 4096));
}

__attribute__((noinline)) Trace frames() {
    Trace t;
    walk(t, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
    return t;
}

} // namespace

void races_launch() {
    launch_start = tick();
    const Geometry& g = *geometry;
    chip = {std::min({nram.begin, wram.begin, sram.begin, shared.begin}),
            std::max({nram.end, wram.end, sram.end, shared.end})};
    threads = g.block.x * g.block.y * g.block.z;
    block_atomics.clear(), thread_atomics.clear();
    everyone.met = 0;
}

void settle() {
    unsettled = false;
    bool silent = !std::memcmp(reinterpret_cast<void*>(store.p), store.old, store.bytes);
    if (store.races && !silent) note_race(store.other, store.other_writes, {store.p, store.bytes, store.pc, true}, store.frames);
}

void race_read(Page& page, std::uintptr_t p, std::size_t bytes, const Site& site, bool atomic) {
    bool own = of_block(p);
    if (threads == 1 && own) return;
    std::uint32_t me = self(), mark = me | (atomic ? ATOMIC : 0);
    each_cell(page, p, bytes, [&](Cells& c, std::uintptr_t at) {
        if (c.writer.time && !(c.writer.who & ATOMIC) && !elsewhere(c.writer, p) &&
            !ordered(c.writer, me, own))
            note_race(c.writer, true, {at, std::size_t(1) << page.shift, site.pc, false}, frames());
        Touch t{mark, now, std::uint32_t(site.pc), std::uint32_t(site.up)};
        if (c.reader[0].time == 0 || (c.reader[0].who & ~ATOMIC) == me) c.reader[0] = t;
        else if (c.reader[1].time == 0 || (c.reader[1].who & ~ATOMIC) == me) c.reader[1] = t;
        else c.reader[c.reader[0].time < c.reader[1].time ? 0 : 1] = t;
    });
}

void race_write(Page& page, std::uintptr_t p, std::size_t bytes, const Site& site, bool atomic) {
    bool own = of_block(p);
    if (threads == 1 && own) return;
    std::uint32_t me = self(), mark = me | (atomic ? ATOMIC : 0);
    bool small = bytes <= sizeof store.old;
    if (small) {
        unsettled = true, store.bytes = bytes, store.p = p, store.pc = site.pc, store.races = false;
        std::memcpy(store.old, reinterpret_cast<void*>(p), bytes);
    }
    each_cell(page, p, bytes, [&](Cells& c, std::uintptr_t at) {
        auto meet = [&](const Touch& t, bool writes) {
            if (!t.time || (atomic && (t.who & ATOMIC || !writes)) || elsewhere(t, p) || ordered(t, me, own)) return;
            if (!small) note_race(t, writes, {at, std::size_t(1) << page.shift, site.pc, true}, frames());
            else if (!store.races)
                store.races = true, store.other = t, store.other_writes = writes, store.frames = frames();
        };
        meet(c.writer, true);
        meet(c.reader[0], false);
        meet(c.reader[1], false);
        c.writer = {mark, now, std::uint32_t(site.pc), std::uint32_t(site.up)};
    });
}

void race_atomic() {
    if (!current) return;
    std::uint32_t me = self();
    block_atomics[active->linear].push_back(now);
    thread_atomics[me].push_back(now);
    tick();
}

Atomically::Atomically() { ++atomic_depth; }

Atomically::~Atomically() {
    --atomic_depth;
    if (pages && current) races_settle(), race_atomic();
}

} // namespace xp
