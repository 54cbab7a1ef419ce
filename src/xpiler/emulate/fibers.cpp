// Fibers: a stack and saved registers for every thread that waits, and the switch between them.
#include "fibers.h"

#include <sys/mman.h>

namespace xp {

void* main_sp;
std::size_t stack_bytes;
char* (*spare_stack)(std::size_t bytes);

namespace {

std::vector<Fiber*> idle_fibers[2]; // without a thread; with small and with large stacks
std::vector<Fiber*> all_fibers;

constexpr std::size_t PAGE = 4096, SMALL_STACK = 256 << 10, LARGE_STACK = 4 << 20;

std::vector<Fiber*>& idle_of(std::size_t size) { return idle_fibers[size > SMALL_STACK]; }

void arm(Fiber* f) {
    auto top = reinterpret_cast<std::uintptr_t*>(f->stack + f->size);
    *--top = 0;  // keeps the entry's stack 8 past a multiple of 16, as after a call
    *--top = reinterpret_cast<std::uintptr_t>(&worker);
    for (int i = 0; i < 6; ++i) *--top = 0;
    f->sp = top;
}

} // namespace

asm(R"(
.text
.globl xp_switch
.type xp_switch, @function
xp_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size xp_switch, .-xp_switch
)");

void choose_stacks(unsigned long long threads_of_a_block) {
    stack_bytes = threads_of_a_block <= 16 ? LARGE_STACK : SMALL_STACK;
}

Fiber* fresh() {
    Fiber* f;
    auto& idle = idle_of(stack_bytes);
    if (!idle.empty()) {
        f = idle.back();
        idle.pop_back();
    } else {
        f = new Fiber;
        f->size = stack_bytes;
        f->stack = spare_stack ? spare_stack(stack_bytes) : nullptr;
        if (!f->stack) {
            auto map = static_cast<char*>(mmap(nullptr, stack_bytes + PAGE, PROT_READ | PROT_WRITE,
                                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
            if (map == MAP_FAILED) out_of_memory("a thread's stack");
            mprotect(map, PAGE, PROT_NONE);
            f->stack = map + PAGE;
        }
        all_fibers.push_back(f);
    }
    arm(f);
    return f;
}

const std::vector<Fiber*>& every_fiber() { return all_fibers; }

void retire(Fiber* f) { idle_of(f->size).push_back(f); }

void become(Fiber* f) {
    current = f;
    thread_idx = f->index;
    thread_linear = f->linear;
}

void resume(Fiber* f) {
    Fiber* self = current;
    if (f == self) return become(f);
    void** save = self ? &self->sp : &main_sp;
    become(f);
    xp_switch(save, f->sp);
}

Range running_stack() { return current ? Range{current->stack, current->stack + current->size} : Range{}; }

bool in_stack_guard(const void* p) {
    auto c = static_cast<const char*>(p);
    for (Fiber* f : all_fibers)
        if (c >= f->stack - PAGE && c < f->stack) return true;
    return false;
}

} // namespace xp
