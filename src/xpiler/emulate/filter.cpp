// The cage: a seccomp filter that lets a run compute, write to files it holds and end, and nothing else.
#include "machine.h"

#include <cerrno>
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

sock_filter load(unsigned offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset); }
sock_filter result(unsigned value) { return BPF_STMT(BPF_RET | BPF_K, value); }
sock_filter unless_equal(unsigned value, unsigned char skip) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}

} // namespace

void install_filter() {
    std::vector<sock_filter> f;
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
    f.push_back(unless_equal(unsigned(getpid()), 1));
    f.push_back(result(SECCOMP_RET_ALLOW));
    f.push_back(result(SECCOMP_RET_TRAP));
    sock_fprog program{static_cast<unsigned short>(f.size()), f.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        std::fprintf(stderr, "xpiler: this system has no seccomp; the run is limited by resource limits only\n");
}

} // namespace xp
