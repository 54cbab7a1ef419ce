// Copies that a thread starts and waits for later: they happen when it waits, as late as the rules allow.
#include "shadow.h"

namespace xp {

namespace {

// The reads and writes of a copy that arrives.
void touch(const Later& l) {
    Site site{reinterpret_cast<std::uintptr_t>(l.site), 0};
    auto from = reinterpret_cast<std::uintptr_t>(l.src), to = reinterpret_cast<std::uintptr_t>(l.dst);
    if (l.src) each_page(from, l.bytes, [&](Page& page, std::uintptr_t p, unsigned n) { race_read(page, p, n, site, false); });
    each_page(to, l.bytes, [&](Page& page, std::uintptr_t p, unsigned n) { race_write(page, p, n, site, false); });
    if (asked && l.src) origin_copy(to, from, l.bytes, site, true);
    else if (asked) origin_write(to, l.bytes, site);
    if (l.src) shadow_copy(l.dst, l.src, l.bytes);
    else shadow_know(l.dst, l.bytes, true);
}

void arrive(const Later& l) {
    if (watched && current && l.bytes) races_settle(), shadow_fly(l, false), touch(l);
    Quiet quiet;
    if (l.src) std::memmove(l.dst, l.src, l.bytes);
    else std::memset(l.dst, l.byte, l.bytes);
}

void start(int queue, void* dst, const void* src, int byte, std::size_t bytes, void* site) {
    Later l{queue, false, 0, static_cast<char*>(dst), static_cast<const char*>(src), byte, bytes, site};
    if (!current) return arrive(l);
    if (!bytes) return;
    current->later.push_back(l);
    shadow_fly(l, true);
}

} // namespace

__attribute__((noinline)) void async_copy(int queue, void* dst, const void* src, std::size_t bytes) {
    start(queue, dst, src, 0, bytes, __builtin_return_address(0));
}

__attribute__((noinline)) void async_fill(int queue, void* dst, int byte, std::size_t bytes) {
    start(queue, dst, nullptr, byte, bytes, __builtin_return_address(0));
}

void async_commit(int queue) {
    if (!current) return;
    unsigned batch = ++current->batches;
    for (Later& l : current->later)
        if (l.queue == queue && !l.committed) l.committed = true, l.batch = batch;
    current->later.push_back({queue, true, batch, nullptr, nullptr, 0, 0, nullptr}); // an empty batch counts too
}

void async_wait(int queue, int left) {
    if (!current) return;
    auto& all = current->later;
    std::vector<unsigned> batches;
    for (const Later& l : all)
        if (l.queue == queue && l.committed && (batches.empty() || batches.back() != l.batch)) batches.push_back(l.batch);
    std::sort(batches.begin(), batches.end());
    batches.erase(std::unique(batches.begin(), batches.end()), batches.end());
    std::size_t done = batches.size() > std::size_t(left) ? batches.size() - left : 0;
    unsigned last = done ? batches[done - 1] : 0;
    auto here = [&](const Later& l) { return l.queue == queue && (l.committed ? l.batch <= last : left == 0); };
    for (const Later& l : all)
        if (here(l)) arrive(l);
    all.erase(std::remove_if(all.begin(), all.end(), here), all.end());
}

void arrive_all(Fiber* f) {
    for (const Later& l : f->later) arrive(l);
    f->later.clear();
}

} // namespace xp
