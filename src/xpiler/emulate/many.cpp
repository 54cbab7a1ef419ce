// Runs one entry once for each of many choices of what a text leaves open, in one process.
//
// Before each candidate all that it may have changed is as it was: the program's own variables and those of the runtime,
// the heap, the arguments; what was allocated since is gone. The C library is not restored, so it is given no memory of
// a candidate to keep: `malloc` is this file's own. A rule that is broken, a crash and a time that is over end a
// candidate, not the process. One that wrecks the process all the same is the caller's to note.
//
// Nothing that is seen here is evidence: a candidate that looks right is run again alone, like any text.
#include "driver.h"

#include <cerrno>
#include <cfenv>
#include <csetjmp>
#include <ctime>

#include <link.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <unistd.h>

namespace xp {

namespace {

constexpr std::size_t PAGE = 4096;

void* mapped(std::size_t bytes) {
    void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? nullptr : p;
}

// ---------------------------------------------------------------- the heap

constexpr std::size_t ARENA = std::size_t(1) << 30, HEADER = 16, CLASSES = 40, AT_ONCE = 1 << 20;

struct Block {                       // before every piece that is handed out
    std::uint64_t kind;              // it has 32 << kind bytes
    Block* start;                    // of the block, which lies before where an alignment was asked for
};

struct Arena {
    std::size_t used, most;          // bytes from its start; `most`: ever, since bytes behind `used` were last cleared
    Block* idle[CLASSES];
};
Arena* arena;

void* take(std::size_t bytes, std::size_t align = HEADER) {
    if (!arena) {
        arena = static_cast<Arena*>(mapped(ARENA));
        if (!arena) return nullptr;
        arena->used = (sizeof(Arena) + 63) / 64 * 64;
    }
    if (bytes > ARENA / 2 || align > ARENA / 4) return errno = ENOMEM, nullptr;
    const std::size_t whole = bytes + HEADER + (align > HEADER ? align : 0);
    std::uint64_t kind = 0;
    while ((std::size_t(32) << kind) < whole) ++kind;
    Block* b = arena->idle[kind];
    if (b) {
        arena->idle[kind] = b->start;
    } else {
        if (arena->used + (std::size_t(32) << kind) > ARENA) return errno = ENOMEM, nullptr;
        b = reinterpret_cast<Block*>(reinterpret_cast<char*>(arena) + arena->used);
        arena->used += std::size_t(32) << kind;
    }
    auto p = reinterpret_cast<std::uintptr_t>(b) + HEADER;
    p = (p + align - 1) / align * align;
    auto handed = reinterpret_cast<Block*>(p - HEADER);
    handed->kind = kind, handed->start = b;
    return reinterpret_cast<void*>(p);
}

bool ours(const void* p) {
    auto c = static_cast<const char*>(p), from = reinterpret_cast<const char*>(arena);
    return arena && c > from && c < from + ARENA;
}

Block* block_of(void* p) { return reinterpret_cast<Block*>(static_cast<char*>(p) - HEADER); }

void give(void* p) {
    if (!p || !ours(p)) return;      // the loader's, from before
    Block* handed = block_of(p);
    Block* b = handed->start;
    const std::uint64_t kind = handed->kind;
    if (kind >= CLASSES || !ours(b)) finding("XP2103", "free of a pointer that no allocation returned");
    b->kind = kind, b->start = arena->idle[kind];
    arena->idle[kind] = b;
}

std::size_t room(void* p) {
    Block* handed = block_of(p);
    return (std::size_t(32) << handed->kind) - std::size_t(static_cast<char*>(p) - reinterpret_cast<char*>(handed->start));
}

// ---------------------------------------------------------------- what stays from one candidate to the next

constexpr std::size_t STACKS = 4096;

struct Region {
    char* at;
    const char* copy;
    std::size_t bytes;
};

// In pages of its own, as all other variables are put back.
struct Kept {
    std::jmp_buf next;
    std::size_t candidate, regions;
    timespec began, started;         // by CPU time, and by the clock on the wall
    double each, seconds;
    bool done;
    int status;
    std::fenv_t arithmetic;
    Region region[256];
    std::size_t stacks[2];
    char* stack[2][STACKS];
};
Kept* kept;
unsigned first_new;                  // the number of the last allocation that stays

constexpr std::size_t LARGE = 1 << 20;

char* stack_kept(std::size_t size) {
    std::size_t& n = kept->stacks[size >= LARGE];
    return n ? kept->stack[size >= LARGE][--n] : nullptr;
}

void keep_stack(char* stack, std::size_t size) {
    std::size_t& n = kept->stacks[size >= LARGE];
    if (n < STACKS) kept->stack[size >= LARGE][n++] = stack;
    else munmap(stack - PAGE, size + PAGE);
}

double since(const timespec& then, clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return double(now.tv_sec - then.tv_sec) + 1e-9 * double(now.tv_nsec - then.tv_nsec);
}

// Where CPU time is limited, the system tells it in steps of some milliseconds; a machine that is busy with other things
// is no reason to end a candidate all the same.
void start_clock() {
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &kept->began);
    clock_gettime(CLOCK_MONOTONIC, &kept->started);
}

bool goes_on() { return since(kept->began, CLOCK_PROCESS_CPUTIME_ID) < kept->each; }

void end_candidate(int status) {
    kept->status = status;
    std::longjmp(kept->next, 1);
}

void region(char* at, std::size_t bytes) {
    if (!bytes) return;
    if (kept->regions == sizeof kept->region / sizeof *kept->region) internal("too many arguments for many runs");
    kept->region[kept->regions++] = {at, nullptr, bytes};
}

// The program's own variables, but for what the loader has closed.
int own_variables(dl_phdr_info* info, std::size_t, void*) {
    std::uintptr_t closed = 0, open = 0;
    for (int i = 0; i < info->dlpi_phnum; ++i)
        if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            closed = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            open = (closed + info->dlpi_phdr[i].p_memsz) / PAGE * PAGE;
        }
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const auto& part = info->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || !(part.p_flags & PF_W)) continue;
        std::uintptr_t from = info->dlpi_addr + part.p_vaddr, to = from + part.p_memsz;
        if (closed && from <= closed && open <= to) {
            region(reinterpret_cast<char*>(from), closed - from);
            from = open;
        }
        region(reinterpret_cast<char*>(from), to - from);
    }
    return 1; // the program comes first; libraries stay as they are
}

void keep(const Given& given) {
    dl_iterate_phdr(own_variables, nullptr);
    for (const Allocation* a : given.buffers)
        if (a) region(a->open, std::size_t(a->close - a->open));
    arena->most = arena->used;
    region(reinterpret_cast<char*>(arena), arena->used);
    std::size_t total = 0;
    for (std::size_t i = 0; i < kept->regions; ++i) total += kept->region[i].bytes;
    auto copy = static_cast<char*>(mapped(total));
    if (!copy) out_of_memory("what candidates start from");
    const char* const copies = copy;
    for (std::size_t i = 0; i < kept->regions; ++i) {
        Region& r = kept->region[i];
        r.copy = copy, copy += r.bytes;
    }
    for (std::size_t i = 0; i < kept->regions; ++i) {
        const Region& r = kept->region[i];
        std::memcpy(const_cast<char*>(r.copy), r.at, r.bytes);
    }
    mprotect(const_cast<char*>(copies), total, PROT_READ);
}

// Bytes of the heap that a candidate used are nought again, as they were when it got them.
void clear_heap(std::size_t from, std::size_t to) {
    auto start = reinterpret_cast<char*>(arena);
    if (to <= from) return;
    std::size_t whole = (from + PAGE - 1) / PAGE * PAGE;
    if (to - from > AT_ONCE && whole < to) {
        madvise(start + whole, to - whole, MADV_DONTNEED);
        to = whole;
    }
    std::memset(start + from, 0, to - from);
}

void restore() {
    ended = nullptr; // what is found while this is done has no candidate to end
    start_clock();
    release_since(first_new);
    for (Fiber* f : every_fiber()) keep_stack(f->stack, f->size);
    const std::size_t most = std::min(std::max(arena->used, arena->most), ARENA);
    for (std::size_t i = 0; i < kept->regions; ++i) std::memcpy(kept->region[i].at, kept->region[i].copy, kept->region[i].bytes);
    clear_heap(arena->used, most);
    __fpurge(stdout);
    std::fesetenv(&kept->arithmetic);
}

void tell(std::uint64_t token) {
    char line[MOST_PICKS / 4 + 256];
    int n = std::snprintf(line, sizeof line, "{\"candidate\":%zu,", kept->candidate);
    if (kept->done) n += std::snprintf(line + n, sizeof line - n, "\"done\":%.9f,\"token\":%llu,", kept->seconds, (unsigned long long)token);
    else n += std::snprintf(line + n, sizeof line - n, "\"ended\":%d,\"took\":%.9f,", kept->status, kept->seconds);
    n += std::snprintf(line + n, sizeof line - n, "\"reached\":\"");
    int last = MOST_PICKS;
    while (last && !reached[last - 1]) --last;
    for (int k = 0; k < last; k += 4) {
        int digit = 0;
        for (int b = 0; b < 4 && k + b < last; ++b) digit |= (reached[k + b] != 0) << b;
        line[n++] = "0123456789abcdef"[digit];
    }
    n += std::snprintf(line + n, sizeof line - n, "\"}\n");
    if (write(findings_fd, line, n) < 0) _exit(86);
}

} // namespace

int drive_many(int argc, char** argv, void (*call)(const Slot*)) {
    if (argc != 4) return 2;
    Given given;
    const std::uint64_t token = given.begin(argv);
    const int out = std::atoi(argv[2]);
    kept = static_cast<Kept*>(mapped(sizeof(Kept)));
    if (!kept) out_of_memory("what candidates start from");
    static char printed[1 << 12];
    std::setvbuf(stdout, printed, _IOFBF, sizeof printed);
    std::fegetenv(&kept->arithmetic);
    kept->each = head.each;
    first_new = allocations_made();
    still_time = goes_on, ended = end_candidate, spare_stack = stack_kept;
    keep(given);
    for (; kept->candidate < head.candidates; ++kept->candidate) {
        restore();
        for (const Record& r : given.records)
            if (r.kind == PICK && r.flags == kept->candidate && r.bytes < MOST_PICKS) picks[r.bytes] = int(r.integer);
        kept->done = false, kept->status = 0;
        want_again();
        start_clock();
        if (!setjmp(kept->next)) {
            call(given.slots.data());
            kept->seconds = since(kept->began, CLOCK_PROCESS_CPUTIME_ID);
            given.check();
            kept->done = true;
        } else {
            kept->seconds = since(kept->began, CLOCK_PROCESS_CPUTIME_ID); // how long one takes that ends well, at least
        }
        start_clock();
        ended = nullptr; // what cannot be written because the candidate wrecked it ends the process
        if (kept->done) given.write(out);
        given.write_found(out);
        tell(token);
    }
    _exit(0);
}

} // namespace xp

// ---------------------------------------------------------------- what the C library would do

extern "C" {

void* malloc(std::size_t bytes) { return xp::take(bytes); }

void free(void* p) { xp::give(p); }

void* calloc(std::size_t n, std::size_t each) {
    std::size_t bytes;
    if (__builtin_mul_overflow(n, each, &bytes)) return errno = ENOMEM, nullptr;
    void* p = xp::take(bytes);
    if (p) std::memset(p, 0, bytes);
    return p;
}

void* realloc(void* p, std::size_t bytes) {
    if (!p) return xp::take(bytes);
    if (!bytes) return xp::give(p), nullptr;
    const std::size_t had = xp::ours(p) ? xp::room(p) : bytes;
    if (bytes <= had && xp::ours(p)) return p;
    void* to = xp::take(bytes);
    if (to) std::memcpy(to, p, std::min(had, bytes)), xp::give(p);
    return to;
}

void* memalign(std::size_t align, std::size_t bytes) { return xp::take(bytes, std::max<std::size_t>(align, 16)); }

void* aligned_alloc(std::size_t align, std::size_t bytes) { return memalign(align, bytes); }

int posix_memalign(void** to, std::size_t align, std::size_t bytes) {
    *to = memalign(align, bytes);
    return *to ? 0 : ENOMEM;
}

void* valloc(std::size_t bytes) { return memalign(4096, bytes); }

std::size_t malloc_usable_size(void* p) { return p && xp::ours(p) ? xp::room(p) : 0; }

} // extern "C"
