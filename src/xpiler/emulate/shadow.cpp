// Pages of shadow: made for every allocation and for the program's own data, found by page number.
#include "shadow.h"

#include <sys/mman.h>

extern "C" char __data_start[], __bss_start[], xp_edge_data[], xp_edge_bss[];

namespace xp {

bool watched;
Page** pages;
int quiet, atomic_depth;

namespace {

constexpr std::size_t SIZE = 4096;
std::uintptr_t next_place = WINDOW;

void set_bits(std::uint64_t* words, unsigned from, unsigned count, bool on) {
    while (count) {
        unsigned bit = from % 64, n = std::min(64 - bit, count);
        std::uint64_t mask = (n == 64 ? ~0ull : (1ull << n) - 1) << bit;
        if (on) words[from / 64] |= mask;
        else words[from / 64] &= ~mask;
        from += n, count -= n;
    }
}

void make_pages(std::uintptr_t first, std::uintptr_t end) {
    for (std::uintptr_t p = first & ~(SIZE - 1); p < end; p += SIZE) {
        Page*& entry = p < LOW_BYTES ? pages[p >> 12] : pages[((p - WINDOW) >> 12) + (LOW_BYTES >> 12)];
        if (!entry) entry = new Page;
    }
}

} // namespace

void shadow_start() {
    std::size_t bytes = ((LOW_BYTES + WINDOW_BYTES) >> 12) * sizeof(Page*);
    auto map = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) out_of_memory("the shadow of memory");
    pages = static_cast<Page**>(map);
    for (Range r : {Range{__data_start, xp_edge_data}, Range{__bss_start, xp_edge_bss}, nram, wram, sram, shared}) {
        make_pages(reinterpret_cast<std::uintptr_t>(r.begin), reinterpret_cast<std::uintptr_t>(r.end));
        shadow_know(r.begin, r.end - r.begin, true);
    }
}

void* window_place(std::size_t bytes) {
    if (!watched || next_place + bytes > WINDOW + WINDOW_BYTES) return nullptr;
    auto place = reinterpret_cast<void*>(next_place);
    next_place += (bytes + SIZE - 1) / SIZE * SIZE;
    return place;
}

void shadow_open(const void* p, std::size_t bytes, bool known) {
    if (!pages || !bytes) return;
    auto first = reinterpret_cast<std::uintptr_t>(p);
    if (first - WINDOW >= WINDOW_BYTES) return;
    make_pages(first, first + bytes);
    shadow_know(p, bytes, known);
}

void shadow_close(const void* p, std::size_t bytes) {
    if (!pages) return;
    each_page(reinterpret_cast<std::uintptr_t>(p), bytes, [](Page& page, std::uintptr_t at, unsigned) {
        pages[((at - WINDOW) >> 12) + (LOW_BYTES >> 12)] = nullptr;
        delete[] page.flight;
        delete[] page.cells;
        delete &page;
    });
}

void shadow_know(const void* p, std::size_t bytes, bool known) {
    if (!pages) return;
    each_page(reinterpret_cast<std::uintptr_t>(p), bytes, [&](Page& page, std::uintptr_t at, unsigned n) {
        set_bits(page.known, at % SIZE, n, known);
    });
}

bool shadow_knows(const void* p) {
    auto at = reinterpret_cast<std::uintptr_t>(p);
    Page* page = page_of(at);
    return !page || (page->known[at % SIZE / 64] >> at % 64 & 1);
}

void shadow_copy(const void* dst, const void* src, std::size_t bytes) {
    if (!pages) return;
    auto to = static_cast<const char*>(dst), from = static_cast<const char*>(src);
    bool whole = true, none = true;
    for (std::size_t i = 0; i < bytes; ++i) {
        if (shadow_knows(from + i)) none = false;
        else whole = false;
        if (!whole && !none) break;
    }
    if (whole || none) return shadow_know(dst, bytes, whole);
    std::vector<bool> bits(bytes);
    for (std::size_t i = 0; i < bytes; ++i) bits[i] = shadow_knows(from + i);
    for (std::size_t i = 0; i < bytes; ++i) shadow_know(to + i, 1, bits[i]);
}

void shadow_fly(const Later& l, bool starts) {
    if (!pages) return;
    auto mark = [&](const char* p, unsigned row) {
        each_page(reinterpret_cast<std::uintptr_t>(p), l.bytes, [&](Page& page, std::uintptr_t at, unsigned n) {
            if (!page.flight) page.flight = new std::uint64_t[128]();
            set_bits(page.flight + row, at % SIZE, n, starts);
        });
    };
    mark(l.dst, 0);
    if (l.src) mark(l.src, 64);
}

std::size_t shadow_hide(void* p, std::size_t bytes) {
    std::size_t hidden = 0;
    each_page(reinterpret_cast<std::uintptr_t>(p), bytes, [&](Page& page, std::uintptr_t at, unsigned n) {
        for (std::uintptr_t b = at; b < at + n; ++b)
            if (!(page.known[b % SIZE / 64] >> b % 64 & 1)) *reinterpret_cast<unsigned char*>(b) = 0xFF, ++hidden;
    });
    return hidden;
}

} // namespace xp
