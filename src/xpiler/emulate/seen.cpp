// What the expressions of a text were worth, and what its calls changed: for texts that say so (repair/instrument.py).
#include "machine.h"

#include <cstring>
#include <memory>

namespace xp {

namespace {

// Numbers kept of one place. Of more than that those whose hash is a multiple of the stride are kept: in two programs
// the same ones. `last` are numbers just met, which are not kept again.
constexpr std::size_t MOST = 1 << 17, LAST = 1 << 10;

struct Kept {
    std::uint64_t met = 0, stride = 1;
    std::vector<double> values;
    std::uint64_t last[LAST] = {};
};

std::unique_ptr<Kept> places[MOST_SEEN];

// Of the number but for its last digits, which hang on the order of a sum.
std::uint64_t hash(std::uint64_t bits) {
    std::uint64_t x = ((bits + (std::uint64_t(1) << 35)) >> 36) * 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9u;
    return x ^ x >> 32;
}

std::uint64_t bits_of(double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

} // namespace

void note_place(int site) {
    if (unsigned(site) < unsigned(MOST_SEEN) && !places[site]) places[site] = std::make_unique<Kept>();
}

void note_seen(int site, double value) {
    note_place(site);
    if (unsigned(site) >= unsigned(MOST_SEEN)) return;
    Kept& p = *places[site];
    const std::uint64_t bits = bits_of(value), h = hash(bits);
    std::uint64_t& last = p.last[h % LAST];
    if (p.met++ && last == bits + 1) return;
    last = bits + 1;
    if (h % p.stride || p.values.size() == MOST) return;
    p.values.push_back(value);
    if (p.values.size() < MOST) return;
    p.stride *= 2;
    auto others = [&](double v) { return hash(bits_of(v)) % p.stride != 0; };
    p.values.erase(std::remove_if(p.values.begin(), p.values.end(), others), p.values.end());
}

// How far a call may write from here: to the end of the array, of its space or of the allocation.
std::size_t reach_of(const void* p, std::size_t known) {
    if (known) return known;
    auto c = static_cast<const char*>(p);
    for (const Range* r : {&nram, &wram, &sram, &shared, &shared_dynamic})
        if (r->has(p, 1)) return std::size_t(r->end - c);
    const Allocation* a = allocation_near(p);
    return a && a->live && a->base <= c && c < a->base + a->bytes ? std::size_t(a->base + a->bytes - c) : 0;
}

// A place: its number, how often it was met, its stride, how many numbers are kept, and these.
void write_seen(void (*to)(int, const void*, std::size_t), int fd) {
    for (std::uint64_t k = 0; k < MOST_SEEN; ++k) {
        if (!places[k]) continue;
        const std::uint64_t head[] = {k, places[k]->met, places[k]->stride, places[k]->values.size()};
        to(fd, head, sizeof head);
        to(fd, places[k]->values.data(), places[k]->values.size() * sizeof(double));
    }
}

} // namespace xp
