// What the parts of the runtime know of each other: the scheduler (fibers.h), memory.cpp, findings.cpp, driver.cpp.
#pragma once

#include "runtime.h"

namespace xp {

// ---- scheduler
bool running(const char*& kernel);       // inside a kernel? its name
Range running_stack();                   // the running fiber's stack
bool in_stack_guard(const void* p);      // the page below some fiber's stack

// ---- findings
struct Place {                           // a buffer a finding is about
    const char* buffer = "";
    long long index = 0;
    bool known = false;
};
extern int findings_fd;
[[noreturn]] void finding_at(const char* code, const Place& place, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
[[noreturn]] void declared_bounds(const char* file, int line, int column, long long index, const char* message);
[[noreturn]] void out_of_memory(const char* what);
[[noreturn]] void internal(const char* what);
[[noreturn]] void divergence(void* sp, void* other_sp, const char* wait, const char* other_wait, Index3 thread,
                             Index3 other_thread);
[[noreturn]] void disagreement(void* sp, void* other_sp, const char* message); // sp null: of the running thread
void soft_divergence(void* pc, void* other_pc); // noted; Python decides whether these are different lines
void note_done(double seconds, std::uint64_t token);
extern bool (*still_time)();             // asked at SIGTERM: whether the run goes on (many.cpp)
extern void (*ended)(int status);        // where a run goes that has ended in a finding, instead of out of the process
void install_handlers();
void install_filter();                   // from here on only computing, writing to open files and exit

// ---- what was seen
void write_seen(void (*to)(int, const void*, std::size_t), int fd); // at the end of the outputs
void want(std::size_t count, void (*read)(int, void*, std::size_t), int fd); // from here on only these are looked for
void want_again();                       // none of them was met
void write_met(void (*to)(int, const void*, std::size_t), int fd); // which of them were

// ---- memory
unsigned char unset();                   // what fresh memory is filled with: NaN; in watched runs another value, so
                                         // that whoever uses it computes something else there
struct Allocation {
    char* map = nullptr;                 // start of the reservation
    std::size_t length = 0;              // of the reservation
    char* base = nullptr;
    std::size_t bytes = 0;
    char* open = nullptr;                // first accessible byte; red zones are [open, base) and [base+bytes, close)
    char* close = nullptr;
    char name[48] = {};
    std::size_t element = 1;
    unsigned number = 0;                 // of the allocation; its canary follows from it
    bool device = false, live = false;
};
extern std::size_t host_align;                       // of host buffers' starts; their element's at least
Allocation* allocate(std::size_t bytes, const char* name, std::size_t element, bool device, bool blank = true); // blank: set to unset()
Allocation* allocation_near(const void* p);          // the one whose reservation holds p, or null
Allocation* allocation_nearest(const void* p);       // the one closest to p, or null
long long index_in(const Allocation* a, const void* p); // the element at p; negative before the start
void check_red_zones();                              // of every live allocation; a finding if one was touched
void* guarded_scratch(std::size_t bytes);            // dynamic shared memory
void guarded_release(void* p);
void find_sections();
unsigned allocations_made();
void release_since(unsigned number);                 // unmaps what was allocated after the one of this number

} // namespace xp
