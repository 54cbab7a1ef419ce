// Findings: one JSON object a line on `findings_fd`; the first hard one ends the process with code 86.
#include "report.h"

#include <cstdarg>
#include <csignal>
#include <new>

#include <unistd.h>
#include <ucontext.h>

extern "C" char __executable_start[], etext[];

namespace xp {

int findings_fd = 2;
bool (*still_time)();
void (*ended)(int status);

namespace {

bool in_text(std::uintptr_t p) {
    return p >= reinterpret_cast<std::uintptr_t>(__executable_start) && p < reinterpret_cast<std::uintptr_t>(etext);
}

} // namespace

void push(Trace& t, std::uintptr_t pc) {
    if (t.n < FRAMES && in_text(pc)) t.pc[t.n++] = pc;
}

void walk(Trace& t, std::uintptr_t frame) {
    for (int depth = 0; depth < 64 && frame && frame % 8 == 0; ++depth) {
        auto words = reinterpret_cast<std::uintptr_t*>(frame);
        if (!in_text(words[1])) break;
        push(t, words[1] - 1);
        if (words[0] <= frame || words[0] - frame > (8u << 20)) break;
        frame = words[0];
    }
}

void where(char* out, std::size_t size) {
    const char* kernel = nullptr;
    if (!running(kernel)) {
        std::snprintf(out, size, "host code");
    } else if (block_dim.x * block_dim.y * block_dim.z == 1) {
        std::snprintf(out, size, "%s, task (%u,%u,%u)", kernel, block_idx.x, block_idx.y, block_idx.z);
    } else {
        std::snprintf(out, size, "%s, thread (%u,%u,%u) of block (%u,%u,%u)", kernel, thread_idx.x, thread_idx.y,
                      thread_idx.z, block_idx.x, block_idx.y, block_idx.z);
    }
}

void name_thread(char* out, std::size_t size, std::uint32_t linear) {
    unsigned per = block_dim.x * block_dim.y * block_dim.z, t = linear % per, g = linear / per;
    Index3 b{g % grid_dim.x, g / grid_dim.x % grid_dim.y, g / grid_dim.x / grid_dim.y};
    if (per == 1) std::snprintf(out, size, "task (%u,%u,%u)", b.x, b.y, b.z);
    else
        std::snprintf(out, size, "thread (%u,%u,%u) of block (%u,%u,%u)", t % block_dim.x,
                      t / block_dim.x % block_dim.y, t / block_dim.x / block_dim.y, b.x, b.y, b.z);
}

namespace {

constexpr int EXIT_FINDING = 86, EXIT_MEMORY = 87, EXIT_TIMEOUT = 88;

bool reporting;

void walk_fiber(Trace& t, void* sp) {
    if (!sp) return;
    auto words = static_cast<std::uintptr_t*>(sp); // r15 r14 r13 r12 rbx rbp return
    push(t, words[6] - 1);
    walk(t, words[5]);
}

struct Extra {
    const char* file = nullptr;
    int line = 0, column = 0;
    const Trace* second = nullptr;
    Place place;
};

[[noreturn]] void report(const char* code, const char* message, const Trace& t, const Extra& extra,
                         int status = EXIT_FINDING) {
    char at[256];
    where(at, sizeof at);
    Json j;
    j.raw("{");
    j.string("code", code), j.string("message", message), j.string("where", at);
    if (extra.file) j.string("file", extra.file), j.number("line", extra.line), j.number("column", extra.column);
    if (*extra.place.buffer) j.string("buffer", extra.place.buffer);
    if (extra.place.known) j.number("index", extra.place.index);
    j.trace("pcs", t);
    if (extra.second) j.trace("pcs2", *extra.second);
    if (!j.send()) _exit(EXIT_FINDING);
    if (ended) ended(status);
    _exit(status);
}

[[noreturn]] void report_here(const char* code, const char* message, const Extra& extra = {}, int status = EXIT_FINDING) {
    Trace t;
    walk(t, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
    std::fflush(stdout);
    report(code, message, t, extra, status);
}

// ------------------------------------------------------------ signals

void describe_access(const void* address, bool write, char* out, std::size_t size, Place& place, const char*& code) {
    const char* verb = write ? "write" : "read";
    code = "XP2101";
    if (in_stack_guard(address)) {
        code = "XP2170";
        std::snprintf(out, size, "the thread's stack overflows");
        return;
    }
    Allocation* a = allocation_near(address);
    bool near = a != nullptr;
    if (!a) a = allocation_nearest(address);
    if (!a || reinterpret_cast<std::uintptr_t>(address) < 65536) {
        code = "XP2103";
        std::snprintf(out, size, "%s at address %p, which belongs to no buffer", verb, address);
        return;
    }
    long long byte = static_cast<const char*>(address) - a->base;
    long long index = index_in(a, address);
    if (a->live && byte >= 0 && byte < (long long)a->bytes) {
        code = "XP2103";
        std::snprintf(out, size, "%s at address %p is not allowed", verb, address);
        return;
    }
    place.buffer = a->name, place.index = index, place.known = true;
    const char* unit = a->element == 1 ? "byte" : "element";
    if (near && !a->live)
        std::snprintf(out, size, "%s of %s %lld of `%s`, which has been freed", verb, unit, index, a->name);
    else
        std::snprintf(out, size, "%s of %s %lld of `%s`, which has %llu", verb, unit, index, a->name,
                      (unsigned long long)(a->bytes / a->element));
}

void on_signal(int signal, siginfo_t* info, void* context) {
    if (signal == SIGTERM && still_time && still_time()) return;
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    static Trace t;
    if (reporting) { // the stack could not be walked
        report("XP2103", "the program crashed and its stack is damaged", t, {});
    }
    reporting = true;
    auto pc = std::uintptr_t(registers[REG_RIP]);
    push(t, pc);
    auto frame = std::uintptr_t(registers[REG_RBP]);
    if (!in_text(pc)) { // inside libc, which keeps no frame pointers: the first of our addresses on the stack
        auto stack = reinterpret_cast<std::uintptr_t*>(registers[REG_RSP]);
        for (int i = 0; i < 512 && !t.n; ++i) push(t, stack[i] - 1);
    }
    walk(t, frame);
    Extra extra;
    const char* code = "";
    char message[512];
    switch (signal) {
    case SIGSEGV:
    case SIGBUS:
        describe_access(info->si_addr, registers[REG_ERR] & 2, message, sizeof message, extra.place, code);
        if (info->si_code == SI_KERNEL || info->si_code == 0x80) {
            code = "XP2103";
            std::snprintf(message, sizeof message, "access to a misaligned or impossible address");
        }
        report(code, message, t, extra);
    case SIGFPE: report("XP2140", "integer division by zero or overflow", t, extra);
    case SIGILL: report("XP2141", "this CPU lacks an instruction the program needs", t, extra);
    case SIGSYS: {
        std::snprintf(message, sizeof message, "the program asked the system for something kernels may not do "
                      "(system call %d)", info->si_syscall);
        report("XP2160", message, t, extra);
    }
    case SIGABRT: report("XP2165", "the program aborted", t, extra);
    default: report("XP2190", "still running when its time was over", t, extra, EXIT_TIMEOUT);
    }
}

} // namespace

void install_handlers() {
    static char stack[64 << 10];
    stack_t alternate{};
    alternate.ss_sp = stack, alternate.ss_size = sizeof stack;
    sigaltstack(&alternate, nullptr);
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
    for (int s : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGABRT, SIGTERM, SIGXCPU}) sigaction(s, &action, nullptr);
    std::set_new_handler([] { out_of_memory("the host code"); });
}

void finding(const char* code, const char* format, ...) {
    char message[1024];
    va_list list;
    va_start(list, format);
    std::vsnprintf(message, sizeof message, format, list);
    va_end(list);
    report_here(code, message);
}

void finding_at(const char* code, const Place& place, const char* format, ...) {
    char message[1024];
    va_list list;
    va_start(list, format);
    std::vsnprintf(message, sizeof message, format, list);
    va_end(list);
    Extra extra;
    extra.place = place;
    report_here(code, message, extra);
}

void require_failed(const char* code, const char* message) { report_here(code, message); }

void out_of_memory(const char* what) {
    char message[256];
    std::snprintf(message, sizeof message, "out of memory for %s", what);
    report_here("XP2191", message, {}, EXIT_MEMORY);
}

void declared_bounds(const char* file, int line, int column, long long index, const char* message) {
    Extra extra;
    extra.file = file, extra.line = line, extra.column = column;
    extra.place.index = index, extra.place.known = true;
    report_here("XP2102", message, extra);
}

void internal(const char* what) { report_here("XP2199", what); }

void divergence(void* sp, void* other_sp, const char* wait, const char* other_wait, Index3 thread, Index3 other) {
    Trace first, second;
    walk_fiber(first, sp), walk_fiber(second, other_sp);
    char message[512];
    if (other_wait)
        std::snprintf(message, sizeof message,
                      "divergent barrier: thread (%u,%u,%u) waits at %s while thread (%u,%u,%u) waits at %s, forever",
                      thread.x, thread.y, thread.z, wait, other.x, other.y, other.z, other_wait);
    else
        std::snprintf(message, sizeof message,
                      "divergent barrier: thread (%u,%u,%u) waits at %s for threads that never come", thread.x,
                      thread.y, thread.z, wait);
    Extra extra;
    if (second.n) extra.second = &second;
    std::fflush(stdout);
    report("XP2110", message, first, extra);
}

void disagreement(void* sp, void* other_sp, const char* message) {
    Trace first, second;
    if (sp) walk_fiber(first, sp);
    else walk(first, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
    walk_fiber(second, other_sp);
    Extra extra;
    if (second.n) extra.second = &second;
    std::fflush(stdout);
    report("XP2120", message, first, extra);
}

void soft_divergence(void* pc, void* other) {
    Trace first, second;
    push(first, reinterpret_cast<std::uintptr_t>(pc) - 1);
    push(second, reinterpret_cast<std::uintptr_t>(other) - 1);
    char at[256];
    where(at, sizeof at);
    Json j;
    j.raw("{");
    j.string("code", "XP2110"), j.string("message", "divergent barrier: threads of one block meet at different places");
    j.string("where", at);
    j.number("soft", 1);
    j.trace("pcs", first), j.trace("pcs2", second);
    j.send();
}

void note_done(double seconds, std::uint64_t token) {
    char text[96];
    int n = std::snprintf(text, sizeof text, "{\"done\":%.9f,\"token\":%llu}\n", seconds, (unsigned long long)token);
    if (write(findings_fd, text, n) < 0) _exit(EXIT_FINDING);
}

} // namespace xp
