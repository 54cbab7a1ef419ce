// What the expressions of a text were worth, and what its calls changed: for texts that say so (repair/instrument.py).
#include "machine.h"

#include <cstring>
#include <memory>

#include <sys/mman.h>

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

// Numbers that are looked for, as whoever asks has rounded them: `key` in a table with room to spare, and for each
// whether it was met. In pages of its own, as what else is kept is put back between candidates.
struct Wanted {
    std::uint64_t count, mask;
    std::uint64_t* keys;     // as they were asked for
    std::uint32_t* table;    // their numbers from 1
    unsigned char* met;      // a bit each
};
Wanted wanted;
unsigned char filter[1 << 13]; // a bit for what may be among them, so that most others are told at once
constexpr int ROUNDED = 33;  // bits of a double that do not count
constexpr std::size_t SOME = 1 << 14;  // bytes of what a call changes that are looked at

std::uint64_t mixed(std::uint64_t key) { return key * 0x9E3779B97F4A7C15u; }

void look_for(std::uint64_t key) {
    const std::uint64_t h = mixed(key);
    if (!(filter[h >> 51] >> (h >> 48 & 7) & 1)) return;
    for (std::size_t i = h >> 20 & wanted.mask; wanted.table[i]; i = (i + 1) & wanted.mask)
        if (wanted.keys[wanted.table[i] - 1] == key) {
            wanted.met[(wanted.table[i] - 1) / 8] |= 1 << (wanted.table[i] - 1) % 8;
            return;
        }
}

void* pages(std::size_t bytes) {
    void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) out_of_memory("the values that are looked for");
    return p;
}

} // namespace

void want(std::size_t count, void (*read)(int, void*, std::size_t), int fd) {
    std::size_t room = 64;
    while (room < 4 * count) room *= 2;
    wanted = {count, room - 1, static_cast<std::uint64_t*>(pages(8 * count + 8)),
              static_cast<std::uint32_t*>(pages(4 * room)), static_cast<unsigned char*>(pages(count / 8 + 1))};
    read(fd, wanted.keys, 8 * count);
    for (std::size_t k = 0; k < count; ++k) {
        const std::uint64_t h = mixed(wanted.keys[k]);
        filter[h >> 51] |= 1 << (h >> 48 & 7);
        std::size_t i = h >> 20 & wanted.mask;
        while (wanted.table[i]) i = (i + 1) & wanted.mask;
        wanted.table[i] = std::uint32_t(k + 1);
    }
}

void want_again() {
    if (wanted.count) std::memset(wanted.met, 0, wanted.count / 8 + 1);
}

void write_met(void (*to)(int, const void*, std::size_t), int fd) {
    if (wanted.count) to(fd, wanted.met, wanted.count / 8 + 1);
}

void note_place(int site) {
    if (wanted.count || ended) return;
    if (unsigned(site) < unsigned(MOST_SEEN) && !places[site]) places[site] = std::make_unique<Kept>();
}

void note_seen(int site, double value) {
    if (wanted.count) {
        const std::uint64_t bits = bits_of(value), key = bits >> ROUNDED;
        look_for(key);
        look_for(bits >> (ROUNDED - 1) & 1 ? key + 1 : key - 1);
        return;
    }
    if (ended) return;       // one among many: nobody asks
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
    const std::size_t most = wanted.count ? SOME : ended ? 0 : ~std::size_t(0);
    if (known) return std::min(known, most);
    auto c = static_cast<const char*>(p);
    for (const Range* r : {&nram, &wram, &sram, &shared, &shared_dynamic})
        if (r->has(p, 1)) return std::min(std::size_t(r->end - c), most);
    const Allocation* a = allocation_near(p);
    const bool inside = a && a->live && a->base <= c && c < a->base + a->bytes;
    return inside ? std::min(std::size_t(a->base + a->bytes - c), most) : 0;
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
