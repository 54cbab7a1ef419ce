// What the parts of the scheduler share: threads (fibers.cpp), the groups they form (groups.cpp), where they meet
// (meetings.cpp), and who runs next (launch.cpp).
#pragma once

#include "machine.h"

namespace xp {

enum class Op { barrier, exchange, ballot, together };

struct Group;

// A copy or fill (no source) that was started and not waited for.
struct Later {
    int queue;
    bool committed;
    unsigned batch;
    char* dst;
    const char* src;
    int byte;
    std::size_t bytes;
    void* site;
};

struct Fiber {
    void* sp = nullptr;
    char* stack = nullptr;
    std::size_t size = 0;
    Group* group = nullptr;
    Index3 index{};
    unsigned linear = 0;
    void* site = nullptr;
    // what it posted at a warp meeting
    Op op = Op::barrier;
    mask_t mask = 0;
    unsigned source = 0;
    unsigned char value[16] = {};
    mask_t ballot = 0;
    std::size_t bytes = 0;
    const Operand* operands = nullptr;  // on its own stack
    unsigned count = 0, serial = 0;
    const char* wait = "";
    std::vector<Later> later;  // in the order they were started
    unsigned batches = 0;      // committed so far, over all queues
};

struct Warp {
    mask_t gone = 0;     // lanes that exited or never were
    mask_t pending = 0;  // lanes that wait
    Fiber* lane[64] = {};
    std::uint32_t met = 0;  // when its lanes met last (shadow.h: now)
    std::vector<char> scratch;
    unsigned operations = 0;  // that all its lanes did as one
};

struct Meeting {
    std::size_t live = 0;
    std::uint32_t met = 0;
    std::vector<Fiber*> waiting;
};

struct Group {
    Index3 block{};
    unsigned linear = 0, cluster = 0;
    unsigned total = 0, started = 0, done = 0;
    std::vector<Fiber*> ready;
    std::size_t ready_at = 0;
    std::vector<Fiber*> at_block;
    std::vector<Fiber*> standing;  // threads that let others go first
    bool stood = false;            // as a whole, for other groups
    int votes = 0, vote_count = 0, vote_of = 0;
    std::size_t at_outer = 0;
    bool queued = false, has_image = false;
    std::uint32_t met = 0;
    std::vector<Warp> warps;
    std::vector<char> image;
    std::vector<bool> known;  // of the image's bytes, in a watched run
};

// ---- the running launch
extern std::uint64_t clusters_run;  // so many of each launch, about; 0: all
extern const Geometry* geometry;
extern Fiber* current;               // null in host code
extern Group* active;                // the group whose on-chip memory is in place
extern std::vector<Meeting> clusters;
extern Meeting everyone;

// ---- fibers
extern "C" void xp_switch(void** save, void* to);
extern void* main_sp;                // where host code goes on
extern std::size_t stack_bytes;      // of fibers made from now on
extern char* (*spare_stack)(std::size_t bytes); // of a run before this one; null where there is none
void choose_stacks(unsigned long long threads_of_a_block);
Fiber* fresh();                      // one without a thread, that starts in worker()
const std::vector<Fiber*>& every_fiber();
void retire(Fiber* f);               // it may be used again
void become(Fiber* f);
void resume(Fiber* f);
void worker();

// ---- groups
void reset_memory();                 // of a new launch
Group* make_group(unsigned long long number);
void drop(Group* g);
void save_image(Group* g);
void activate(Group* g);

// ---- meetings
void settle_outer(Meeting& m);
void settle_warp(Warp& w);
void left_alone(const Fiber* f);     // it ends; lanes of its warp may wait for it in what all must do
void release_block(Group* g);
bool release_converged(Group* g);    // lanes that asked for "whoever is here" go on; whether there were any
[[noreturn]] void stuck(Group* g);

// ---- copies that arrive later
void arrive_all(Fiber* f);           // its thread ends

// ---- who runs next
void enqueue(Group* g);              // some of its threads can go on
void wait(const char* what, void* site);

} // namespace xp
