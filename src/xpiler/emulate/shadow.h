// What a watched run knows of memory: which bytes were ever written, which are on their way, and who touched them last.
//
// Watched programs are compiled with hooks before every access (hooks.cpp). A page of memory that kernels may share has
// a Page here; everything else (stacks, the heap) is not followed.
#pragma once

#include "fibers.h"
#include "report.h"

namespace xp {

extern bool watched;                 // the program has hooks

// ---- the window: guarded memory of watched runs lies in it, so that a page's entry is found by its number
constexpr std::uintptr_t WINDOW = 0x100000000000, WINDOW_BYTES = 16ull << 30, LOW_BYTES = 4ull << 30;
void* window_place(std::size_t bytes);   // where the next reservation goes; null when the window is full

// ---- what is looked at: all, or where `share` is more than one, some blocks and of the rest some stretches of accesses.
// Writes elsewhere still tell that memory holds something; what they race with is not seen.
extern unsigned share;
extern bool aside;                   // the running code is not looked at
extern unsigned stretches, left;     // one stretch of accesses in so many is looked at; accesses left of this one
void share_start();                  // of host code
void share_launch(unsigned long long groups);
void share_group(unsigned long long number);   // the group that runs now
void next_stretch();
inline bool passed_over() {
    if (__builtin_expect(stretches > 1, 0) && !--left) next_stretch();
    return aside;
}
void note_share();                   // what it came to, at the end

// ---- who touched a unit of memory last
struct Touch {
    std::uint32_t who = 0;               // linear thread of the launch; top bit: atomically
    std::uint32_t time = 0;              // 0: never
    std::uint32_t pc = 0, up = 0;        // the access, and where the function that makes it was called
};
struct Cells {
    Touch writer, reader[2];
};

struct Page {
    std::uint64_t known[64] = {};        // a bit a byte: it holds something
    std::uint64_t* flight = nullptr;     // 64 words of bytes that will be written, 64 of bytes that will be read
    Cells* cells = nullptr;              // one for every 1 << shift bytes
    std::uint8_t shift = 2;
};

extern Page** pages;                     // by page number: the low 4 GiB, then the window

inline Page* page_of(std::uintptr_t p) {
    if (p < LOW_BYTES) return pages[p >> 12];
    if (p - WINDOW < WINDOW_BYTES) return pages[((p - WINDOW) >> 12) + (LOW_BYTES >> 12)];
    return nullptr;
}

// f(page, address, bytes) for every page of a range that is followed.
template <class F>
inline void each_page(std::uintptr_t p, std::size_t bytes, F f) {
    if (__builtin_expect(p % 4096 + bytes <= 4096, 1)) {
        if (Page* page = page_of(p)) f(*page, p, unsigned(bytes));
        return;
    }
    while (bytes) {
        std::size_t n = std::min<std::size_t>(bytes, 4096 - p % 4096);
        if (Page* page = page_of(p)) f(*page, p, unsigned(n));
        p += n, bytes -= n;
    }
}

void shadow_start();                                            // pages for the program's own data
void shadow_open(const void* p, std::size_t bytes, bool known); // a new allocation
void shadow_close(const void* p, std::size_t bytes);
void shadow_know(const void* p, std::size_t bytes, bool known);
void shadow_copy(const void* dst, const void* src, std::size_t bytes); // dst is known where src is
bool shadow_knows(const void* p);
void shadow_fly(const Later& l, bool starts);                   // its bytes are on their way, or there
std::size_t shadow_hide(void* p, std::size_t bytes);            // unknown bytes become UNSET; how many there were

// ---- what happened before what (races.cpp)
extern std::uint32_t now;                // moves on at every meeting and atomic operation
void races_launch();                     // a launch starts: everything before it is over
extern bool unsettled;                   // a store has been announced that may not have been made yet
void settle();
inline void races_settle() {             // the running thread's last store has been made
    if (unsettled) settle();
}
struct Site {
    std::uintptr_t pc, up;
};
void race_read(Page& page, std::uintptr_t p, std::size_t bytes, const Site& site, bool atomic);
void race_write(Page& page, std::uintptr_t p, std::size_t bytes, const Site& site, bool atomic);
void race_atomic();                      // the running thread did an atomic operation
inline std::uint32_t tick() { return ++now; }

// ---- who wrote what (origins.cpp)
extern bool asked;                       // the run is asked for it
void origin_write(std::uintptr_t p, std::size_t bytes, const Site& site);
void origin_copy(std::uintptr_t to, std::uintptr_t from, std::size_t bytes, const Site& site, bool late);
void origin_hand_on(const void* to, const void* from, std::size_t bytes); // the host copies
void tell_origin(const char* buffer, const char* base, std::size_t element, std::size_t index);

// ---- findings of a watched run: noted, and the run goes on (noted.cpp)
struct Access {
    std::uintptr_t p;
    std::size_t bytes;
    std::uintptr_t pc;
    bool writes;
};
void note_race(const Touch& other, bool other_writes, const Access& a, const Trace& frames);
void note_unknown(const Access& a);      // of bytes that hold nothing yet, or lie outside
void note_flight(const Access& a);       // of bytes that are on their way
void note_renamed(const char* from, const char* to);                 // a buffer is known by another name now
void note_launch(const char* kernel, unsigned long long threads);    // of a block
void note_share_of(unsigned long long groups, unsigned long long of, unsigned stretches); // that were looked at
void note_untouched(const char* buffer, std::size_t bytes);          // of an output, at the end

extern int atomic_depth;             // of Atomically

} // namespace xp
