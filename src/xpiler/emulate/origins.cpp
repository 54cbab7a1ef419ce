// Who wrote a byte last, for runs that are asked for it: the access with its thread and, where it was a copy, who wrote
// what was copied. Copies that the host orders hand on what they copy: they are not what made it.
#include "report.h"
#include "shadow.h"

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>

namespace xp {

bool asked;

namespace {

constexpr std::size_t SIZE = 4096;

struct Origin {
    Trace frames;
    std::string where;
    std::uint32_t from = 0;  // what was copied; 0: it was no copy, or of what nobody wrote
};

using Key = std::tuple<std::uintptr_t, std::uintptr_t, std::uint32_t, std::uint64_t, std::uint32_t>;

std::vector<Origin> origins(1);  // number 0: nobody
std::map<Key, std::uint32_t> numbers;
std::unordered_map<std::uintptr_t, std::unique_ptr<std::uint32_t[]>> writers;  // by page: of each byte

std::uint32_t& writer_of(std::uintptr_t p) {
    auto& page = writers[p / SIZE];
    if (!page) page = std::make_unique<std::uint32_t[]>(SIZE);
    return page[p % SIZE];
}

std::uint32_t known_writer(std::uintptr_t p) {
    auto found = writers.find(p / SIZE);
    return found == writers.end() ? 0 : found->second[p % SIZE];
}

bool followed(std::uintptr_t p) { return page_of(p); }

std::uint32_t number_of(const Site& site, std::uintptr_t frame, std::uint32_t from) {
    std::uint64_t block = current ? std::uint64_t(block_idx.z) << 42 | std::uint64_t(block_idx.y) << 21 | block_idx.x : 0;
    Key key{site.pc, site.up, current ? current->linear + 1 : 0, block, from};
    std::uint32_t& n = numbers[key];
    if (n) return n;
    n = std::uint32_t(origins.size());
    Origin made;
    if (frame) walk(made.frames, frame);
    else push(made.frames, site.pc - 1), push(made.frames, site.up - 1);
    char at[256];
    where(at, sizeof at);
    made.where = at, made.from = from;
    origins.push_back(std::move(made));
    return n;
}

} // namespace

__attribute__((noinline)) void origin_write(std::uintptr_t p, std::size_t bytes, const Site& site) {
    Quiet own;
    if (!bytes || !followed(p)) return;
    std::uint32_t n = number_of(site, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)), 0);
    for (std::size_t i = 0; i < bytes; ++i) writer_of(p + i) = n;
}

__attribute__((noinline)) void origin_copy(std::uintptr_t to, std::uintptr_t from, std::size_t bytes, const Site& site,
                                           bool late) {
    Quiet own;
    if (!bytes || !followed(to)) return;
    auto frame = late ? 0 : reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    std::vector<std::uint32_t> made(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        std::uint32_t was = known_writer(from + i);
        made[i] = i && was == known_writer(from + i - 1) ? made[i - 1] : number_of(site, frame, was);
    }
    for (std::size_t i = 0; i < bytes; ++i) writer_of(to + i) = made[i];
}

void origin_hand_on(const void* to, const void* from, std::size_t bytes) {
    Quiet own;
    auto t = reinterpret_cast<std::uintptr_t>(to), f = reinterpret_cast<std::uintptr_t>(from);
    std::vector<std::uint32_t> was(bytes);
    for (std::size_t i = 0; i < bytes; ++i) was[i] = known_writer(f + i);
    for (std::size_t i = 0; i < bytes; ++i) writer_of(t + i) = was[i];
}

void tell_origin(const char* buffer, const char* base, std::size_t element, std::size_t index) {
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < element; ++i)
        n = std::max(n, known_writer(reinterpret_cast<std::uintptr_t>(base) + index * element + i));
    const Origin& o = origins[n];
    Json j;
    j.raw("{");
    j.string("written", buffer), j.number("index", (long long)index), j.string("where", o.where.c_str());
    j.trace("pcs", o.frames);
    std::uint32_t from = o.from;
    while (origins[from].from) from = origins[from].from;  // what was copied on and on, where it was made
    j.trace("pcs2", origins[from].frames);
    j.send();
}

} // namespace xp
