// The cage: gives up every right that what it starts does not need, then becomes it.
//
//   cage kernel|tool CPU-SECONDS ADDRESS-SPACE FILE-BYTES [r:PATH | w:PATH | x:PATH]... -- COMMAND...
//
// A kernel computes, reads what the loader needs, and writes to the files it was given open. A tool (the compiler) may
// also start processes and write below its w: paths. Neither reaches the network, other processes, or other files.
// Rights that are gone stay gone in everything that is started from here, whatever code runs there.
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// ---------------------------------------------------------------- Landlock: which files (Linux 5.13 and later)

// From linux/landlock.h, which older systems do not have.
constexpr int CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, VERSION = 1, PATH_BENEATH = 1;
constexpr unsigned long long EXECUTE = 1, WRITE_FILE = 2, READ_FILE = 4, READ_DIR = 8, TRUNCATE = 1 << 14;
constexpr unsigned long long RIGHTS[] = {0, 0x1FFF, 0x3FFF, 0x7FFF, 0x7FFF, 0xFFFF}; // all there are, by version
constexpr unsigned long long OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;
struct Ruleset {
    unsigned long long files, network, scopes;
};
struct __attribute__((packed)) Rule {
    unsigned long long allowed;
    int parent;
};

int landlock;
unsigned long long every;

void open_landlock() {
    long version = syscall(CREATE_RULESET, nullptr, 0, VERSION);
    if (version < 1) return;
    every = RIGHTS[version < 5 ? version : 5];
    Ruleset rules{every, version >= 4 ? 3ull : 0, version >= 6 ? 3ull : 0}; // no TCP; no signals or sockets outwards
    std::size_t known = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    long made = syscall(CREATE_RULESET, &rules, known, 0);
    if (made >= 0) landlock = int(made);
}

// A path that is not there needs no rule.
void allow(const char* path, unsigned long long rights) {
    int at = open(path, O_PATH | O_CLOEXEC);
    struct stat kind;
    if (at < 0 || fstat(at, &kind)) return;
    if (!S_ISDIR(kind.st_mode)) rights &= OF_FILES;
    Rule rule{rights & every, at};
    syscall(ADD_RULE, landlock, PATH_BENEATH, &rule, 0);
    close(at);
}

// ---------------------------------------------------------------- seccomp: which system calls

constexpr unsigned KERNEL[] = { // what the loader, the C library's start and the runtime use
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_close, SYS_lseek, SYS_stat, SYS_fstat, SYS_lstat,
    SYS_newfstatat, SYS_statx, SYS_access, SYS_faccessat, SYS_readlink, SYS_readlinkat, SYS_mmap, SYS_mprotect,
    SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
    SYS_sigaltstack, SYS_getpid, SYS_gettid, SYS_execve, SYS_exit, SYS_exit_group, SYS_arch_prctl, SYS_clock_gettime,
    SYS_clock_getres, SYS_gettimeofday, SYS_time, SYS_nanosleep, SYS_clock_nanosleep, SYS_futex, SYS_getrandom,
    SYS_sched_yield, SYS_sched_getaffinity, SYS_restart_syscall, SYS_set_tid_address, SYS_set_robust_list, 334 /* rseq */,
    SYS_getrlimit, SYS_prctl, SYS_seccomp, SYS_uname, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
};
constexpr unsigned NEVER[] = { // of tools; everything else a compiler may do
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg,
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
    SYS_setns, SYS_unshare, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key,
    SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_open_by_handle_at, SYS_reboot,
    SYS_swapon, SYS_swapoff, SYS_sethostname, SYS_setuid, SYS_setgid, SYS_setpgid, SYS_setsid, SYS_personality,
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_iopl, SYS_ioperm, SYS_acct, SYS_quotactl,
    SYS_syslog, SYS_nfsservctl, SYS_lookup_dcookie, SYS_shmget, SYS_msgget, SYS_semget, SYS_mq_open,
    425 /* io_uring_setup */, 426, 427, 428 /* open_tree */, 429, 430, 431, 432, 433, 434 /* pidfd_open */, 438, 442,
};
constexpr unsigned X32 = 0x40000000; // the other numbering of the same calls
constexpr unsigned READING = O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY | O_LARGEFILE | O_NOCTTY | O_NONBLOCK | O_PATH;

sock_filter steps[400];
unsigned short count;

void step(unsigned short code, unsigned k, unsigned char yes = 0, unsigned char no = 0) {
    steps[count++] = {code, yes, no, k};
}
void load(std::size_t offset) { step(BPF_LD | BPF_W | BPF_ABS, unsigned(offset)); }
void give(unsigned result) { step(BPF_RET | BPF_K, result); }
void on(unsigned call, unsigned result) {
    step(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
    give(result);
}
void on_argument(unsigned call, int argument, unsigned short test, unsigned k, bool good) { // the low half decides
    step(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
    load(offsetof(seccomp_data, args) + 8 * unsigned(argument));
    step(BPF_JMP | test | BPF_K, k, good ? 0 : 1, good ? 1 : 0);
    give(SECCOMP_RET_ALLOW);
    give(SECCOMP_RET_ERRNO | EACCES);
}

bool filter(bool kernel) {
    load(offsetof(seccomp_data, arch));
    step(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    give(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
    step(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
    give(SECCOMP_RET_KILL_PROCESS);
    if (kernel) {
        for (unsigned call : KERNEL) on(call, SECCOMP_RET_ALLOW);
        on_argument(SYS_open, 1, BPF_JSET, ~READING, false);
        on_argument(SYS_openat, 2, BPF_JSET, ~READING, false);
        on_argument(SYS_tgkill, 0, BPF_JEQ, unsigned(getpid()), true); // abort() signals the process itself
        on_argument(SYS_prlimit64, 2, BPF_JEQ, 0, true);               // asking for a limit, not setting one
        give(SECCOMP_RET_ERRNO | EPERM);
    } else {
        for (unsigned call : NEVER) on(call, SECCOMP_RET_ERRNO | EPERM);
        give(SECCOMP_RET_ALLOW);
    }
    sock_fprog program{count, steps};
    return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

// ---------------------------------------------------------------- limits

void limit(int what, unsigned long long most) {
    rlimit now;
    getrlimit(what, &now);
    rlim_t k = most < now.rlim_max ? most : now.rlim_max;
    rlimit wanted{k, k};
    setrlimit(what, &wanted);
}

int fail(const char* what) {
    std::fprintf(stderr, "xpiler: %s: %s\n", what, std::strerror(errno));
    return 126;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 7) return 126;
    const bool kernel = !std::strcmp(argv[1], "kernel");
    prctl(PR_SET_PDEATHSIG, SIGKILL); // whoever waits for this is gone: so is this
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return fail("rights cannot be given up");
    unsigned long long cpu = std::strtoull(argv[2], nullptr, 10);
    rlimit seconds{cpu, cpu + 2};
    setrlimit(RLIMIT_CPU, &seconds);
    limit(RLIMIT_AS, std::strtoull(argv[3], nullptr, 10));
    limit(RLIMIT_FSIZE, std::strtoull(argv[4], nullptr, 10));
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 256);
    open_landlock();
    char** command = argv + 5;
    for (; *command && std::strcmp(*command, "--"); ++command) {
        unsigned long long rights = EXECUTE | READ_FILE | READ_DIR;
        if (**command == 'w') rights = ~EXECUTE;
        if (landlock) allow(*command + 2, rights);
    }
    if (!*command || !*++command) return 126;
    if (landlock && syscall(RESTRICT_SELF, landlock, 0)) return fail("Landlock cannot be entered");
    if (landlock) close(landlock);
    if (!filter(kernel)) std::fprintf(stderr, "xpiler: this system has no seccomp\n");
    execv(*command, command);
    return fail(*command);
}
