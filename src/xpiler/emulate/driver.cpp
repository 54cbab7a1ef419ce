// Runs one entry: reads its arguments, calls it in the filter's cage, and writes back what it left in its buffers.
#include "driver.h"

#include <chrono>
#include <iostream>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xp {

namespace {

constexpr std::size_t PAGE = 4096;

void exactly(bool ok, const char* what) {
    if (!ok) internal(what);
}

void read_all(int fd, void* to, std::size_t bytes) {
    auto c = static_cast<char*>(to);
    while (bytes) {
        ssize_t n = read(fd, c, std::min<std::size_t>(bytes, 1 << 30));
        exactly(n > 0, "the input file is too short");
        c += n, bytes -= n;
    }
}

void write_all(int fd, const void* from, std::size_t bytes) {
    auto c = static_cast<const char*>(from);
    while (bytes) {
        ssize_t n = write(fd, c, std::min<std::size_t>(bytes, 1 << 30));
        exactly(n > 0, "the output file cannot be written");
        c += n, bytes -= n;
    }
}

// The pages of a part, again and again; each copy is the program's own as soon as it writes there.
void map_part(int fd, const Record& r, char* base) {
    exactly(!(reinterpret_cast<std::uintptr_t>(base) % PAGE), "a repeated buffer does not start at a page");
    const std::size_t part = r.period();
    const off_t from = (lseek(fd, 0, SEEK_CUR) + off_t(PAGE) - 1) / off_t(PAGE) * off_t(PAGE);
    for (std::size_t at = 0; at < r.bytes; at += part) {
        std::size_t n = std::min(part, r.bytes - at);
        void* made = mmap(base + at, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd, from);
        if (made == MAP_FAILED) out_of_memory(r.name);
    }
    lseek(fd, from + off_t(part), SEEK_SET);
}

void fill(int fd, const Record& r, char* base) {
    if (r.integer > 0) map_part(fd, r, base);
    else read_all(fd, base, r.bytes);
}

// What a buffer holds, for another call to find it so.
struct Kept {
    Allocation* buffer;
    std::vector<char> bytes;
};

std::vector<Kept> keep(const std::vector<Allocation*>& buffers) {
    std::vector<Kept> kept;
    for (Allocation* a : buffers)
        if (a) kept.push_back({a, {a->base, a->base + a->bytes}});
    return kept;
}

// The elements from behind: other data for the calls that go before.
void turn(const Record& r, const Allocation& a) {
    for (std::size_t i = 0, n = r.bytes / r.element; i < n / 2; ++i)
        std::swap_ranges(a.base + i * r.element, a.base + (i + 1) * r.element, a.base + (n - 1 - i) * r.element);
}

void check_const(const Record& r, const Allocation& a, const std::vector<char>& before) {
    if (before.empty()) return;
    std::size_t at = 0, n = 0;
    for (; at < a.bytes; at += n) {
        n = std::min(before.size(), a.bytes - at);
        if (std::memcmp(before.data(), a.base + at, n)) break;
    }
    if (at >= a.bytes) return;
    for (std::size_t i = 0; before[i] == a.base[at]; ++i) ++at;
    at /= r.element;
    finding_at("XP2150", {r.name, (long long)at, true}, "element %llu of the input `%s` was changed",
               (unsigned long long)at, r.name);
}

} // namespace

Head head;
int picks[MOST_PICKS];
unsigned char reached[MOST_PICKS];

Geometry given_geometry(unsigned warp) {
    Geometry g;
    g.grid = {unsigned(head.grid[0]), unsigned(head.grid[1]), unsigned(head.grid[2])};
    g.block = {unsigned(head.block[0]), unsigned(head.block[1]), unsigned(head.block[2])};
    g.shared = head.shared, g.warp = warp, g.cluster = unsigned(head.cluster);
    return g;
}

void Given::read(int fd) {
    read_all(fd, &head, sizeof head);
    const std::size_t n = head.count;
    records.resize(n), slots.resize(n), buffers.resize(n), before.resize(n);
    host_align = head.host_align;
    read_all(fd, records.data(), n * sizeof(Record));
    for (std::size_t i = 0; i < n; ++i) {
        const Record& r = records[i];
        slots[i] = {nullptr, r.real, r.integer};
        asked |= watched && r.kind == ASK;
        if (r.kind == PICK && r.bytes < MOST_PICKS && !head.candidates) picks[r.bytes] = int(r.integer);
        if (r.kind == WANT) want(r.bytes / 8, read_all, fd);
        if (r.kind != BUFFER) continue;
        Allocation* a = buffers[i] = allocate(r.bytes, r.name, r.element, r.flags & DEVICE, !(r.flags & DATA));
        if (r.flags & DATA) fill(fd, r, a->base), shadow_know(a->base, r.bytes, true);
        if (r.flags & CONST) before[i].assign(a->base, a->base + std::min<std::size_t>(r.bytes, r.period()));
        slots[i].buffer = a->base;
    }
    close(fd);
}

void Given::check() const {
    check_red_zones();
    for (std::size_t i = 0; i < count(); ++i)
        if (buffers[i]) check_const(records[i], *buffers[i], before[i]);
}

void Given::write(int fd) const {
    for (std::size_t i = 0; i < count(); ++i)
        if (buffers[i] && !(records[i].flags & CONST)) write_all(fd, buffers[i]->base, buffers[i]->bytes);
}

void Given::write_found(int fd) const { write_met(write_all, fd); }

std::uint64_t Given::begin(char** argv) {
    findings_fd = std::atoi(argv[3]);
    find_sections();
    read(std::atoi(argv[1]));
    backwards = head.backwards, in_turns = head.in_turns;
    clusters_run = head.clusters;
    return std::exchange(head.token, 0);
}

int drive(int argc, char** argv, void (*call)(const Slot*)) {
    if (argc != 4) return 2;
    Given given;
    const std::uint64_t token = given.begin(argv);
    const int out = std::atoi(argv[2]);
    const std::size_t count = given.count();
    const auto& [records, slots, buffers, before] = given;
    share = unsigned(std::max<std::uint64_t>(1, head.share));
    share_start();
    auto start = std::chrono::steady_clock::now();
    if (head.calls > 1) {  // the others go before; what they leave in the program's own variables stays
        const std::vector<Kept> kept = keep(buffers);
        for (std::uint64_t i = 1; i < head.calls; ++i) {
            for (std::size_t b = 0; b < count; ++b)
                if (buffers[b] && records[b].flags & TURNS) turn(records[b], *buffers[b]);
            call(slots.data());
            for (const Kept& k : kept) std::memcpy(k.buffer->base, k.bytes.data(), k.bytes.size());
        }
    }
    call(slots.data());
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    given.check();
    if (watched)
        for (std::size_t i = 0; i < count; ++i)
            if (buffers[i] && !(records[i].flags & CONST))
                if (std::size_t n = shadow_hide(buffers[i]->base, buffers[i]->bytes)) note_untouched(records[i].name, n);
    given.write(out);
    write_seen(write_all, out);
    for (const Record& ask : records)
        for (std::size_t i = 0; i < count && ask.kind == ASK; ++i)
            if (buffers[i] && !std::strcmp(records[i].name, ask.name) && ask.bytes < buffers[i]->bytes / records[i].element)
                tell_origin(ask.name, buffers[i]->base, records[i].element, ask.bytes);
    std::fflush(nullptr);
    std::cout.flush();
    note_share();
    note_done(seconds, token);
    _exit(0);
}

} // namespace xp
