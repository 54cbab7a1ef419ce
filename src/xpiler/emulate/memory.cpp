// Guarded memory: every buffer ends at a page nobody may touch, with red zones where page granularity leaves slack.
#include "shadow.h"

#include <sys/mman.h>

// A section of each space exists even when the program declares nothing in it.
asm(R"(
.section xp_nram,"aw"
.section xp_wram,"aw"
.section xp_sram,"aw"
.section xp_shared,"aw"
.text
)");

extern "C" char __start_xp_nram[], __stop_xp_nram[], __start_xp_wram[], __stop_xp_wram[];
extern "C" char __start_xp_sram[], __stop_xp_sram[], __start_xp_shared[], __stop_xp_shared[];

namespace xp {

Range nram, wram, sram, shared;
std::size_t host_align = 64;

namespace {

constexpr std::size_t PAGE = 4096, GUARD = 1 << 20, KEEP_FREED = 256;

std::vector<Allocation*> allocations;
Allocation* last_hit;
std::size_t freed;
unsigned made;

std::size_t up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

bool inside(const Allocation* a, const void* p) {
    auto c = static_cast<const char*>(p);
    return a->map <= c && c < a->map + a->length;
}

// The red zones differ in every allocation and byte, so that a copy from one into another shows. As floats of any
// width they are large, of either sign and never NaN, so that arithmetic does not hand them on unchanged and a result
// made from them is seen to be wrong.
unsigned char canary(const Allocation* a, const char* at) {
    auto offset = std::uint64_t(at - a->open);
    std::uint64_t x = (std::uint64_t(a->number) << 32 | offset >> 1) * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9u;
    x ^= x >> 32;
    return static_cast<unsigned char>(offset % 2 ? (x & 0x8F) | 0x60 : x >> 8); // odd bytes hold the exponents
}

void fill_zone(const Allocation* a, char* from, char* to) {
    for (char* c = from; c < to; ++c) *c = static_cast<char>(canary(a, c));
}

void check_zone(const Allocation* a, const char* from, const char* to) {
    for (const char* c = from; c < to; ++c) {
        if (*c == static_cast<char>(canary(a, c))) continue;
        long long at = index_in(a, c);
        finding_at("XP2104", {a->name, at, true}, "`%s` was written outside its %llu elements, at element %lld", a->name,
                   (unsigned long long)(a->bytes / a->element), at);
    }
}

void check(const Allocation* a) {
    check_zone(a, a->open, a->base);
    check_zone(a, a->base + a->bytes, a->close);
}

// What a buffer's start is a multiple of. cudaMalloc promises 256, but the widest access that asks for alignment is 64
// bytes, and the less a buffer is aligned, the more accesses past its end meet the guard page.
std::size_t alignment(std::size_t element, bool device) {
    if (device || element & (element - 1)) return 64;
    return std::max(host_align, element);
}

Allocation* live_at(const void* p, const char* doing) {
    Allocation* a = allocation_near(p);
    if (a && !a->live) finding("XP2130", "%s of `%s`, which has been freed", doing, a->name);
    return a;
}

void check_range(const char* role, const void* p, std::size_t bytes, bool device) {
    Allocation* a = live_at(p, "copy");
    if (device && (!a || !a->device))
        finding("XP2130", "copy: the %s is not device memory (it is %s)", role, space_of(p));
    if (!device && a && a->device)
        finding("XP2130", "copy: the %s is device memory (`%s`), the direction says host", role, a->name);
    if (!a) return;
    auto c = static_cast<const char*>(p);
    if (c < a->base || c + bytes > a->base + a->bytes)
        finding("XP2130", "copy of %llu bytes does not lie inside `%s` (%llu bytes, copy starts at byte %lld)",
                (unsigned long long)bytes, a->name, (unsigned long long)a->bytes, (long long)(c - a->base));
}

} // namespace

unsigned char unset() { return watched ? 0x4B : 0xFF; }

long long index_in(const Allocation* a, const void* p) {
    long long byte = static_cast<const char*>(p) - a->base, e = (long long)a->element;
    return byte >= 0 ? byte / e : -((-byte + e - 1) / e);
}

void find_sections() {
    nram = {__start_xp_nram, __stop_xp_nram}, wram = {__start_xp_wram, __stop_xp_wram};
    sram = {__start_xp_sram, __stop_xp_sram}, shared = {__start_xp_shared, __stop_xp_shared};
    if (watched) shadow_start();
}

Allocation* allocate(std::size_t bytes, const char* name, std::size_t element, bool device, bool blank) {
    auto a = new Allocation;
    a->number = ++made, a->bytes = bytes, a->element = element ? element : 1, a->device = device, a->live = true;
    std::size_t align = alignment(a->element, device), body = up(up(bytes, align), PAGE);
    a->length = body + 2 * GUARD;
    void* place = window_place(a->length);
    auto map = mmap(place, a->length, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (place ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    if (map == MAP_FAILED) out_of_memory(name);
    a->map = static_cast<char*>(map);
    a->open = a->map + GUARD;
    a->close = a->open + body;
    if (body && mprotect(a->open, body, PROT_READ | PROT_WRITE)) out_of_memory(name);
    a->base = a->close - up(bytes, align);
    std::snprintf(a->name, sizeof a->name, "%s", name);
    fill_zone(a, a->open, a->base), fill_zone(a, a->base + bytes, a->close);
    if (blank) std::memset(a->base, unset(), bytes);
    shadow_open(a->base, bytes, false);
    allocations.push_back(a);
    return a;
}

unsigned allocations_made() { return made; }

void release_since(unsigned number) {
    for (const Allocation* a : allocations)
        if (a->number > number) munmap(a->map, a->length);
}

Allocation* allocation_near(const void* p) {
    for (Allocation* a : allocations)
        if (inside(a, p)) return a;
    return nullptr;
}

Allocation* allocation_nearest(const void* p) {
    auto c = static_cast<const char*>(p);
    Allocation* best = nullptr;
    std::size_t distance = 1ull << 34;
    for (Allocation* a : allocations) {
        std::size_t d = c < a->base ? a->base - c : c - (a->base + a->bytes);
        if (d < distance) distance = d, best = a;
    }
    return best;
}

void check_red_zones() {
    for (Allocation* a : allocations)
        if (a->live) check(a);
}

bool in_buffer(const void* p, std::size_t bytes) {
    auto c = static_cast<const char*>(p);
    auto holds = [&](const Allocation* a) {
        return a->live && a->base <= c && c + bytes <= a->base + a->bytes;
    };
    if (last_hit && holds(last_hit)) return true;
    for (Allocation* a : allocations)
        if (holds(a)) return last_hit = a, true;
    return false;
}

const char* space_of(const void* p) {
    if (nram.has(p, 1)) return "nram";
    if (wram.has(p, 1)) return "wram";
    if (sram.has(p, 1)) return "sram";
    if (shared.has(p, 1) || shared_dynamic.has(p, 1)) return "shared";
    if (Allocation* a = allocation_near(p)) return a->device ? "global" : "host";
    return running_stack().has(p, 1) ? "local" : "host";
}

void* guarded_scratch(std::size_t bytes) { return allocate(bytes, "dynamic shared memory", 1, true)->base; }

void guarded_release(void* p) { dev_free(p); }

void* dev_malloc(std::size_t bytes, const char* name) {
    static int count;
    char made[24];
    std::snprintf(made, sizeof made, "device buffer %d", ++count);
    return allocate(bytes, *name ? name : made, 1, true)->base;
}

void dev_free(void* p) {
    if (!p) return;
    Allocation* a = live_at(p, "free");
    if (!a || a->base != p || !a->device) finding("XP2130", "free of a pointer that no allocation returned");
    check(a);
    a->live = false, last_hit = nullptr;
    shadow_close(a->base, a->bytes);
    mmap(a->map, a->length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (++freed > KEEP_FREED) { // keep the most recent ones, so that a late use is recognised
        auto oldest = std::find_if(allocations.begin(), allocations.end(), [](Allocation* x) { return !x->live; });
        munmap((*oldest)->map, (*oldest)->length);
        delete *oldest;
        allocations.erase(oldest);
        --freed;
    }
}

void dev_copy(void* dst, const void* src, std::size_t bytes, Copy kind) {
    if (!bytes) return;
    if (kind == Copy::any) {
        check_range("destination", dst, bytes, allocation_near(dst) && allocation_near(dst)->device);
        check_range("source", src, bytes, allocation_near(src) && allocation_near(src)->device);
    } else {
        check_range("destination", dst, bytes, kind == Copy::host_to_device || kind == Copy::device_to_device);
        check_range("source", src, bytes, kind == Copy::device_to_host || kind == Copy::device_to_device);
    }
    Allocation *to = allocation_near(dst), *from = allocation_near(src);
    if (to && from && to->device != from->device) { // a device buffer is called what its host side is called
        Allocation *d = to->device ? to : from, *h = to->device ? from : to;
        if (d->element == 1) {
            if (watched) note_renamed(d->name, h->name);
            std::memcpy(d->name, h->name, sizeof d->name), d->element = h->element;
        }
    }
    std::memmove(dst, src, bytes);
    if (asked) origin_hand_on(dst, src, bytes);
    shadow_copy(dst, src, bytes);
}

void dev_set(void* dst, int byte, std::size_t bytes) {
    if (!bytes) return;
    check_range("destination", dst, bytes, true);
    std::memset(dst, byte, bytes);
    if (asked) origin_write(reinterpret_cast<std::uintptr_t>(dst), bytes, {1, 1});
    shadow_know(dst, bytes, true);
}

} // namespace xp
