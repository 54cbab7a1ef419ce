// The inner cage: a seccomp filter that lets a run compute, write to files it holds and end, and nothing else.
//
// The outer one (cage.cpp) is closed before the program starts, so nothing that a text does can keep it open. This one
// is for the message: whoever asks the system for more is stopped at a line. It closes before the first constructor of
// the program runs; no function of the C library is called for it, as a text may define its own of the same name.
#include "machine.h"

#include <cerrno>
#include <cstdlib>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace xp {

namespace {

constexpr unsigned ALLOWED[] = {
    SYS_read, SYS_write, SYS_writev, SYS_close, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_mmap, SYS_mprotect,
    SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
    SYS_sigaltstack, SYS_getpid, SYS_gettid, SYS_exit, SYS_exit_group, SYS_clock_gettime, SYS_gettimeofday,
    SYS_time, SYS_nanosleep, SYS_clock_nanosleep, SYS_futex, SYS_getrandom, SYS_sched_yield, SYS_restart_syscall,
};

long ask(long call, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
    long result;
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(call), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                 : "rcx", "r11", "memory");
    return result;
}

sock_filter load(unsigned offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
sock_filter result(unsigned value) { return BPF_STMT(BPF_RET | BPF_K, value); }
sock_filter unless_equal(unsigned value, unsigned char skip) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}

} // namespace

void install_filter() {
    static sock_filter steps[200];
    struct {
        unsigned short n = 0;
        void push_back(sock_filter s) { steps[n++] = s; }
    } f;
    f.push_back(load(offsetof(seccomp_data, arch)));
    f.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
    f.push_back(result(SECCOMP_RET_KILL_PROCESS));
    f.push_back(load(offsetof(seccomp_data, nr)));
    for (unsigned call : ALLOWED) {
        f.push_back(unless_equal(call, 1));
        f.push_back(result(SECCOMP_RET_ALLOW));
    }
    f.push_back(unless_equal(SYS_ioctl, 1)); // is stdout a terminal? no
    f.push_back(result(SECCOMP_RET_ERRNO | ENOTTY));
    f.push_back(unless_equal(SYS_tgkill, 3)); // abort() signals the process itself
    f.push_back(load(offsetof(seccomp_data, args[0])));
    f.push_back(unless_equal(unsigned(ask(SYS_getpid)), 1));
    f.push_back(result(SECCOMP_RET_ALLOW));
    f.push_back(result(SECCOMP_RET_TRAP));
    sock_fprog program{f.n, steps};
    ask(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1);
    ask(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, reinterpret_cast<long>(&program));
}

namespace {

void before_everything(int argc, char** argv, char**) {
    if (argc == 4) findings_fd = std::atoi(argv[3]);
    install_handlers();
    install_filter();
}

__attribute__((section(".preinit_array"), used)) void (*const first)(int, char**, char**) = before_everything;

} // namespace

} // namespace xp
