// Runs one entry: reads its arguments, calls it in the filter's cage, and writes back what it left in its buffers.
#include "shadow.h"

#include <chrono>
#include <iostream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xp {

namespace {

enum Kind : std::uint64_t { BUFFER, INTEGER, REAL };
enum Flag : std::uint64_t { CONST = 1, DEVICE = 2, DATA = 4 };

// One argument in the input file; the data of the buffers follow all records, in order.
struct Record {
    std::uint64_t kind, bytes, element, flags;
    double real;
    std::int64_t integer;
    char name[48];
};

void exactly(bool ok, const char* what) {
    if (!ok) internal(what);
}

// What the input file starts with.
struct Head {
    std::uint64_t count, host_align, grid[3], block[3], shared, cluster, token;
};

Head head;

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

void check_const(const Record& r, const Allocation& a, const std::vector<char>& before) {
    if (before.empty() || !std::memcmp(before.data(), a.base, a.bytes)) return;
    std::size_t at = 0;
    while (before[at] == a.base[at]) ++at;
    at /= r.element;
    finding_at("XP2150", {r.name, (long long)at, true}, "element %llu of the input `%s` was changed",
               (unsigned long long)at, r.name);
}

} // namespace

Geometry given_geometry(unsigned warp) {
    Geometry g;
    g.grid = {unsigned(head.grid[0]), unsigned(head.grid[1]), unsigned(head.grid[2])};
    g.block = {unsigned(head.block[0]), unsigned(head.block[1]), unsigned(head.block[2])};
    g.shared = head.shared, g.warp = warp, g.cluster = unsigned(head.cluster);
    return g;
}

int drive(int argc, char** argv, void (*call)(const Slot*)) {
    if (argc != 4) return 2;
    const int in = std::atoi(argv[1]), out = std::atoi(argv[2]);
    findings_fd = std::atoi(argv[3]);
    find_sections();
    read_all(in, &head, sizeof head);
    const std::size_t count = head.count;
    host_align = head.host_align;
    std::vector<Record> records(count);
    std::vector<Slot> slots(count);
    std::vector<Allocation*> buffers(count);
    std::vector<std::vector<char>> before(count);
    read_all(in, records.data(), count * sizeof(Record));
    for (std::size_t i = 0; i < count; ++i) {
        const Record& r = records[i];
        slots[i] = {nullptr, r.real, r.integer};
        if (r.kind != BUFFER) continue;
        Allocation* a = buffers[i] = allocate(r.bytes, r.name, r.element, r.flags & DEVICE);
        if (r.flags & DATA) read_all(in, a->base, r.bytes), shadow_know(a->base, r.bytes, true);
        if (r.flags & CONST) before[i].assign(a->base, a->base + r.bytes);
        slots[i].buffer = a->base;
    }
    close(in);
    const std::uint64_t token = head.token;
    head.token = 0;
    auto start = std::chrono::steady_clock::now();
    call(slots.data());
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    check_red_zones();
    for (std::size_t i = 0; i < count; ++i)
        if (buffers[i]) check_const(records[i], *buffers[i], before[i]);
    if (watched)
        for (std::size_t i = 0; i < count; ++i)
            if (buffers[i] && !(records[i].flags & CONST))
                if (std::size_t n = shadow_hide(buffers[i]->base, buffers[i]->bytes)) note_untouched(records[i].name, n);
    for (std::size_t i = 0; i < count; ++i)
        if (buffers[i] && !(records[i].flags & CONST)) write_all(out, buffers[i]->base, buffers[i]->bytes);
    std::fflush(nullptr);
    std::cout.flush();
    note_done(seconds, token);
    _exit(0);
}

} // namespace xp
