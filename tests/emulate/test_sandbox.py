"""Runs cannot reach out, whatever the text does and however early; builds neither, and they fail in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import ROOT

from tests.emulate.conftest import STUB, Emulate
from xpiler.emulate import Entry, Limits, build, compiler, run
from xpiler.emulate.cage import weaknesses
from xpiler.emulate.columns import column_at
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer, Var
from xpiler.ir.types import DType

ONE = np.zeros(1, np.int32)
landlocked = pytest.mark.skipif(bool(weaknesses()), reason="; ".join(weaknesses()) or "Landlock is there")

# A system call without the C library: what code can do that runs before it is ready, or that does not trust it.
ASK = """\
static long ask(long n, long a = 0, long b = 0, long c = 0, long d = 0) {
  long r; register long r10 asm("r10") = d;
  asm volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return r;
}
"""
ACTS = ASK + """\
#include <stdio.h>
#include <stdlib.h>
extern "C" void act(int* a, int what) {
  int result = 0;
  switch (what) {
    case 0: a[0] = fopen("/etc/passwd", "r") != 0; break;
    case 1: a[0] = system("id"); break;
    case 2: a[0] = ask(41, 2, 1, 0); break;                              // socket
    case 3: a[0] = ask(57); break;                                       // fork
    case 4: a[0] = ask(59, (long)"/bin/true"); break;                    // execve
    case 5: a[0] = ask(2, (long)"/proc/self/mem", 2); break;             // open
    case 6: a[0] = ask(257, -100, (long)"out", 1); break;                // openat
    case 7: a[0] = ask(62, ask(39) - 1, 9); break;                       // kill
    case 8: a[0] = ask(101, 16, 1); break;                               // ptrace
    case 9: a[0] = ask(0x40000000 + 2, (long)"/etc/passwd", 0); break;   // the x32 numbering
    case 10: asm volatile("int $0x80" : "=a"(result) : "a"(5), "b"(0)); a[0] = result; break; // 32-bit calls
    case 11: a[0] = ask(112); break;                                     // setsid
    case 12: a[0] = ask(425, 8, 0); break;                               // io_uring_setup
    case 13: a[0] = ask(33, 1, 3); break;                                // dup2
  }
}
"""


@pytest.mark.parametrize("what", range(14))
def test_nothing_is_asked_of_the_system(emulate: Emulate, what: int) -> None:
    done = emulate(ACTS, name="act", a=ONE, what=what)
    assert (done.status, done.findings[0].code) == ("finding", "XP2160")
    assert what in (1, 9, 10) or done.findings[0].line, "the line is told where the process lives to tell it"


def test_the_environment_is_empty(emulate: Emulate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XP_SECRET", "42")
    text = '#include <stdlib.h>\nextern char** environ;\nextern "C" void run(int* a) { a[0] = environ && environ[0] ? 1 : 2; }\n'
    assert emulate(text, name="run", a=ONE).outputs["a"][0] == 2


# ---------------------------------------------------------------- before main


def test_a_constructor_is_too_late(emulate: Emulate) -> None:
    text = '#include <stdio.h>\nstatic bool read =\n  fopen("/etc/passwd", "r");\nextern "C" void run(int* a) { a[0] = read; }\n'
    done = emulate(text, name="run", a=ONE)
    assert (done.status, done.findings[0].code) == ("finding", "XP2160")


RESOLVER = ASK + """\
static long got[8] = {1};  // not in .bss, which is cleared after the resolver has run
extern "C" void real(void) {}
extern "C" void* resolve(void) {
  got[0] = ask(257, -100, (long)"/etc/passwd", 0);
  got[1] = ask(257, -100, (long)"FOLDER/made", 0101, 0600);
  got[2] = ask(41, 2, 1, 0);
  got[3] = ask(57);
  got[4] = ask(112);
  got[5] = ask(62, ask(39) - 1, 0);
  got[6] = ask(87, (long)"FOLDER/kept");
  return (void*)real;
}
extern "C" void chosen(void) __attribute__((ifunc("resolve")));
extern "C" void run(int* a) { chosen(); for (int i = 0; i < 7; ++i) a[i] = got[i]; }
"""


@landlocked
def test_code_that_the_loader_runs_is_in_the_cage(emulate: Emulate, tmp_path: Path) -> None:
    """Before the runtime has a say: no files, no network, no processes, no signals. All are refused, none is done."""
    (tmp_path / "kept").touch()
    done = emulate(RESOLVER.replace("FOLDER", str(tmp_path)), name="run", a=np.zeros(7, np.int32))
    eperm, eacces = -1, -13
    assert done.outputs["a"].tolist() == [eacces, eacces, eperm, eperm, eperm, eperm, eperm]
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


@landlocked
def test_a_text_that_replaces_the_c_library_is_in_the_cage(emulate: Emulate) -> None:
    text = (
        'extern "C" int prctl(int, ...) { return 0; }\nextern "C" long syscall(long, ...) { return 0; }\n'
        'extern "C" int sigaction(int, const void*, void*) { return 0; }\n' + ASK +
        'extern "C" void run(int* a) { a[0] = ask(257, -100, (long)"/etc/passwd", 0); }\n'
    )
    done = emulate(text, name="run", a=ONE)
    assert done.status in ("finding", "crash") and not done.outputs


# ---------------------------------------------------------------- limits


def test_memory_is_limited(emulate: Emulate) -> None:
    text = 'extern "C" void run(int* a) { for (;;) { char* p = new char[1 << 28]; p[5] = 1; a[0] += p[5]; } }\n'
    assert emulate(text, name="run", limits=Limits(memory_mb=1024), a=ONE).status == "memory"


def test_time_is_limited(emulate: Emulate) -> None:
    text = 'extern "C" void run(volatile int* a) { for (;;) a[0] = a[0] + 1; }\n'
    began = time.monotonic()
    assert emulate(text, name="run", limits=Limits(seconds=0.5), a=ONE).status == "timeout"
    assert time.monotonic() - began < 20


def test_ignoring_the_end_of_the_time_does_not_help(emulate: Emulate) -> None:
    text = (
        'extern "C" void (*signal(int, void (*)(int)))(int);\nextern "C" void run(volatile int* a) {\n'
        "  for (int s = 1; s < 32; ++s) signal(s, (void (*)(int))1);\n  for (;;) a[0] = a[0] + 1;\n}\n"
    )
    assert emulate(text, name="run", limits=Limits(seconds=0.5), a=ONE).status == "timeout"


def test_what_is_printed_is_limited(emulate: Emulate) -> None:
    text = '#include <cstdio>\nextern "C" void run(int* a) { for (;;) puts("all work and no play"); }\n'
    done = emulate(text, name="run", limits=Limits(seconds=20, file_mb=2), a=ONE)
    assert done.status == "memory" and len(done.stdout) <= 1 << 16


# ---------------------------------------------------------------- saying what is not so


@pytest.mark.parametrize("act", ["exit(0)", "_Exit(3)"])
def test_leaving_early_is_no_success(emulate: Emulate, act: str) -> None:
    assert emulate(f'extern "C" void run(int* a) {{ {act}; }}\n', name="run", a=ONE).status == "crash"


def test_saying_done_is_no_success(emulate: Emulate) -> None:
    text = (
        '#include <unistd.h>\nextern "C" void run(int* a) {\n  for (int fd = 3; fd < 20; ++fd)\n'
        '    if (write(fd, "{\\"done\\":0.1}\\n{\\"done\\":0.1,\\"token\\":0}\\n", 37) < 0) continue;\n  _exit(0);\n}\n'
    )
    assert emulate(text, name="run", a=ONE).status == "crash"


def test_closing_the_files_of_the_run_is_no_success(emulate: Emulate) -> None:
    text = '#include <unistd.h>\nextern "C" void run(int* a) { for (int fd = 3; fd < 256; ++fd) close(fd); }\n'
    assert emulate(text, name="run", a=ONE).status != "ok"


def test_an_abort_has_a_line(emulate: Emulate) -> None:
    done = emulate('extern "C" void run(int* a) {\n  a[0] = 1;\n  abort();\n}\n', name="run", a=ONE)
    assert (done.status, done.findings[0].line) == ("finding", 3)


# ---------------------------------------------------------------- what stays


def test_nothing_is_left_behind(
    cache: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
) -> None:
    build('extern "C" void run() {}\n', STUB, Entry("run", ()), cache=cache)  # so that `base` is there
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    entry = Entry("act", (Buffer("a", DType.I32, None), Var("what", DType.I32)))
    own = tmp_path_factory.mktemp("own")  # others build in `cache` meanwhile
    (own / "base").symlink_to(cache / "base")
    built = build(ACTS, STUB, entry, cache=own)
    for what in (3, 99):
        run(built, entry, {"a": ONE, "what": what})
    assert list(tmp_path.iterdir()) == [] and list((own / "tmp").iterdir()) == []
    assert Path(f"/proc/self/task/{os.getpid()}/children").read_text() == ""


ENDLESS = 'extern "C" void run(float* a, int n) {\n  for (int i = 0; i < n || n; ++i) a[i % 4] = a[(i + 1) % 4] + 1;\n}\n'


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_run_outlives_a_command_that_is_killed(number: int, tmp_path: Path) -> None:
    (tmp_path / "k.cpp").write_text(ENDLESS)
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(tmp_path / "tmp")}
    command = [sys.executable, "-m", "xpiler", "run", "--from", "c", "k.cpp", "--let", "n=4", "--size", "a=4"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    try:
        assert _within(60, lambda: _running(tmp_path / "tmp")), "the run has begun"
        process.send_signal(number)
        assert process.wait(20) in (143, -9)
        assert _within(20, lambda: not _running(tmp_path / "tmp")), "the run has ended"
        assert number == signal.SIGKILL or list((tmp_path / "tmp").iterdir()) == []
    finally:
        process.kill()
        process.wait()


def _running(folder: Path) -> bool:
    """Whether a process works in a folder below this one."""
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").readlink().is_relative_to(folder):
                return True
        except OSError:
            continue
    return False


def _within(seconds: float, done: object) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if done():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


# ---------------------------------------------------------------- compiling


@landlocked
@pytest.mark.parametrize("text", [
    'asm(".incbin \\"/etc/passwd\\"");', '#define FILE "/etc/passwd"\n  #include FILE', '%:include "/etc/passwd"',
    '# /* */ include "/etc/passwd"', '#if __has_include("/etc/passwd")\n#error it is there\n#endif\n#error it is not',
    'asm(".include \\"/etc/passwd\\"");',
])
def test_a_compiler_reads_no_other_files(cache: Path, text: str) -> None:
    with pytest.raises(Fault) as caught:
        build(f'{text}\nextern "C" void run() {{}}\n', STUB, Entry("run", ()), cache=cache)
    told = str(caught.value)
    assert caught.value.code == "XP4002" and "root:" not in told and "it is there" not in told


def test_a_bomb_is_stopped(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build('extern "C" void run() {}\n', STUB, Entry("run", ()), cache=cache)  # the headers, in all the time they take
    monkeypatch.setattr(compiler, "_LIMITS", replace(compiler._LIMITS, seconds=2.0))
    lines = ["#define A0 1 + 1 +", *(f"#define A{i} A{i - 1} A{i - 1} A{i - 1}" for i in range(1, 30))]
    with pytest.raises(Fault) as caught:
        build("\n".join([*lines, 'extern "C" int run() { return A29 1; }\n']), STUB, Entry("run", ()), cache=cache)
    assert caught.value.code == "XP4004"


def test_no_room_for_a_build_is_no_fault_of_the_text(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build('extern "C" void run() {}\n', STUB, Entry("run", ()), cache=cache)  # the headers, with the room they need
    monkeypatch.setattr(compiler, "_LIMITS", replace(compiler._LIMITS, file_mb=0))
    with pytest.raises(Fault) as caught:
        build('extern "C" int run() { return 7; }\n', STUB, Entry("run", ()), cache=cache)
    assert caught.value.code == "XP4004" and caught.value.of_machine


def test_no_folder_for_builds_is_no_fault_of_the_text() -> None:
    with pytest.raises(Fault) as caught:
        build('extern "C" int run() { return 7; }\n', STUB, Entry("run", ()), cache=Path("/dev/null"))
    assert caught.value.code == "XP4004"


def test_what_only_the_linker_sees_is_a_fault_of_the_text(cache: Path) -> None:
    with pytest.raises(Fault) as caught:
        build('void other();\nextern "C" void run() { other(); }\n', STUB, Entry("run", ()), cache=cache)
    assert caught.value.code == "XP4002" and "undefined reference" in caught.value.why


@pytest.mark.parametrize("said", [
    "text.cpp:3:1: fatal error: error writing to /tmp/cc1.s: No space left on device\ncompilation terminated.\n",
    "g++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.\n",
    "/usr/bin/ld: final link failed: No space left on device\ncollect2: error: ld returned 1 exit status\n",
    "text.cpp:3:1: internal compiler error: Segmentation fault\n",
    "cc1plus: out of memory allocating 65536 bytes after a total of 1 bytes\n", "",
])
def test_a_compiler_that_fails_says_nothing_about_the_text(said: str) -> None:
    assert compiler._fault(said, "u.cu", "a\nb\nc\n").code == "XP4004"


@pytest.mark.parametrize("said", [
    "text.cpp:2:1: error: 'y' was not declared in this scope\n",
    "text.o: in function `f':\nu.cu:(.text+0x5): undefined reference to `g()'\ncollect2: error: ld returned 1\n",
    "{standard input}: Assembler messages:\n{standard input}:7: Error: no such instruction: `nonsense'\n",
])
def test_a_compiler_that_judges_says_so(said: str) -> None:
    assert compiler._fault(said, "u.cu", "a\nb\nc\n").code == "XP4002"


def test_a_run_without_room_for_its_results_is_not_a_crash(cache: Path) -> None:
    entry = Entry("run", (Buffer("x", DType.F32, None),))
    made = build('extern "C" void run(float* x) { x[0] = 1; }\n', STUB, entry, cache=cache)
    given = {"x": np.zeros(1 << 19, np.float32)}
    assert run(made, entry, given, Limits()).status == "ok"
    assert run(made, entry, given, Limits(file_mb=1)).status == "memory"


def test_a_missing_compiler(cache: Path) -> None:
    with pytest.raises(Fault) as caught:
        build("", STUB, Entry("k", ()), cache=cache, compiler="no-such-compiler")
    assert caught.value.code == "XP4001" and "install" in caught.value.try_


def test_a_compile_error_is_at_the_users_place(cache: Path) -> None:
    with pytest.raises(Fault) as caught:
        build("\n__global__ void k() {\n  int x = y + 1;\n}\n", STUB, Entry("k", (), True), file="u.cu", cache=cache)
    fault = caught.value
    assert (fault.code, str(fault.where), fault.source_line) == ("XP4002", "u.cu:3:11", "  int x = y + 1;")


def test_a_build_is_kept(cache: Path) -> None:
    text = "__global__ void k() {}\n"
    first = build(text, STUB, Entry("k", (), True), cache=cache)
    stamp = first.path.stat().st_mtime_ns
    assert build(text, STUB, Entry("k", (), True), cache=cache).path.stat().st_mtime_ns == stamp


def test_a_line_table_of_the_texts_own_is_no_crash(tmp_path: Path) -> None:
    for k, damaged in enumerate((b"", b"\x7fELF", bytes(range(256)) * 9, b"\xff" * 4000)):
        program = tmp_path / str(k)
        program.write_bytes(damaged)
        assert column_at(program, 0x401000, 3) == 0
