"""What the platforms' own compilers say, and what is said where there is none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from xpiler import platforms
from xpiler.emulate.workshop import Caged, workshop
from xpiler.platforms import toolchain as toolchains
from xpiler.platforms.toolchain import (
    BARE, Checked, Compiler, Done, Outcome, Rejected, Unavailable, attempt, for_each, installed,
)

PYTHON = Compiler("python", "", (sys.executable,))
needs_gxx = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ on PATH")


@pytest.fixture(scope="module")
def shop(cache: Path) -> Caged:
    return workshop(cache)


@pytest.mark.parametrize("name", platforms.NAMES)
def test_nonsense_is_never_accepted(name: str, shop: Caged) -> None:
    toolchain = import_module(f"xpiler.platforms.{name}.toolchain")
    outcome = toolchain.compile("no language at all", platforms.get(name).target, shop)
    assert isinstance(outcome, Rejected | Unavailable)
    assert toolchain.identity() or isinstance(outcome, Unavailable)


@pytest.mark.parametrize("name", platforms.NAMES)
def test_without_compilers_the_reason_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    toolchain = import_module(f"xpiler.platforms.{name}.toolchain")
    monkeypatch.setattr(toolchains.shutil, "which", lambda _: None)
    for package in ("_nvrtc", "_zig"):
        if hasattr(toolchain, package):
            monkeypatch.setattr(toolchain, package, lambda: None)
    outcome = toolchain.compile("", platforms.get(name).target, BARE)
    assert isinstance(outcome, Unavailable)
    assert "install" in outcome.reason or "not public" in outcome.reason
    assert toolchain.identity() == ""


@needs_gxx
def test_vector_intrinsics_are_compiled_without_the_hardware(shop: Caged) -> None:
    text = "#include <immintrin.h>\n__m512i f(__m512i c, __m512i a) { return _mm512_dpbusd_epi32(c, a, a); }\n"
    vnni = import_module("xpiler.platforms.vnni.toolchain")
    taken = vnni.compile(text, "", shop)
    assert isinstance(taken, Checked)
    assert taken.targets == ("icelake-server", "sapphirerapids")
    assert taken.compiler.startswith("g++ 1")
    wrong = vnni.compile(text.replace("dpbusd", "dpbusx"), "", shop)
    assert isinstance(wrong, Rejected)
    assert "kernel.cpp:2:" in wrong.message


@needs_gxx
def test_what_one_generation_lacks_is_told_beside_the_other(shop: Caged) -> None:
    text = "#include <immintrin.h>\n__m512 f(__m512 c, __m512bh a) { return _mm512_dpbf16_ps(c, a, a); }\n"
    taken = import_module("xpiler.platforms.vnni.toolchain").compile(text, "", shop)
    assert isinstance(taken, Checked)
    assert taken.targets == ("sapphirerapids",)
    assert "not for icelake-server" in taken.scope


@needs_gxx
def test_c_is_compiled_as_c(shop: Caged) -> None:
    c = import_module("xpiler.platforms.c.toolchain")
    assert isinstance(c.compile("int f(int n) { int class = n; return class; }", "", shop), Checked)
    assert isinstance(c.compile("bool f(int n) { return n; }", "", shop), Rejected)
    both = c.compile("#include <math.h>\ndouble f(void) { return M_PI; }", "", shop)
    assert isinstance(both, Checked)
    assert both.targets == ("C11", "C++17")


@needs_gxx
def test_a_text_of_cpp_is_decided_as_cpp(shop: Caged) -> None:
    c = import_module("xpiler.platforms.c.toolchain")
    taken = c.compile('extern "C" int f(int n) { return n; }', "", shop)
    assert isinstance(taken, Checked)
    assert taken.targets == ("C++17",)
    assert "not for C11" in taken.scope
    assert isinstance(c.compile("template <class T> T f(T x) { return y; }", "", shop), Rejected)


# ---------------------------------------------------------------- how a compiler is asked


def test_a_compiler_that_does_not_end_is_no_verdict() -> None:
    loop = attempt(PYTHON, ["-c", "while True: pass"], "", ".c", "ISA", seconds=0.3)
    assert isinstance(loop, Unavailable)
    assert "did not end" in loop.reason


def test_a_compiler_that_is_not_there_is_no_verdict() -> None:
    assert isinstance(attempt(Compiler("cc", "", ("/nowhere/cc",)), [], "", ".c", "ISA"), Unavailable)


def test_a_compiler_that_dies_is_no_verdict() -> None:
    died = attempt(PYTHON, ["-c", "import os; os.abort()"], "", ".c", "ISA")
    assert isinstance(died, Unavailable)
    assert "signal 6" in died.reason
    broken = attempt(PYTHON, ["-c", "raise SystemExit(3)"], "", ".c", "ISA", broken=3)
    assert isinstance(broken, Unavailable)


@pytest.mark.parametrize("said", [
    "kernel.cu:3: error: cannot write: No space left on device", "nvcc error : 'cicc' died due to signal 9 (Kill signal)",
    "LLVM ERROR: out of memory", "PLEASE submit a bug report to https://example.org", "c++: internal compiler error: x",
])
def test_a_compiler_without_room_or_one_that_crashes_refuses_nothing(said: str) -> None:
    code = f"import sys; sys.stderr.write({said!r} + chr(10)); sys.exit(1)"
    failed = attempt(PYTHON, ("-c", code), "", ".py", "checked")
    assert isinstance(failed, Unavailable) and said.split()[-1] in failed.reason


def test_words_of_the_text_in_a_message_are_not_the_machines() -> None:
    said = "k.cu:3: error: no\n    3 | puts(\"No space left on device\");\n"
    refused = attempt(PYTHON, ("-c", f"import sys; sys.stderr.write({said!r}); sys.exit(1)"), "", ".py", "checked")
    assert isinstance(refused, Rejected)


def test_a_compiler_says_its_version() -> None:
    found = installed(sys.executable, name="python")
    assert found is not None
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert installed("no-such-compiler") is None


@needs_gxx
def test_a_compiler_reads_no_other_files(shop: Caged, tmp_path: Path) -> None:
    secret = tmp_path / "secret.h"
    secret.write_text("int secret;\n")
    c = import_module("xpiler.platforms.c.toolchain")
    text = f'#include "{secret}"\nint main(void) {{ return secret; }}\n'
    assert isinstance(c.compile(text, "", BARE), Checked)
    refused = c.compile(text, "", shop)
    assert isinstance(refused, Rejected)


def _answers(**by: Outcome) -> Callable[[str], Outcome]:
    return lambda target: by[target]


def test_the_wanted_architecture_decides() -> None:
    yes, no = Checked("ISA", "cc 1"), Rejected("k.c:1: error: no\nmore")
    assert for_each(("a", "b"), _answers(a=no, b=yes), "a") == no
    taken = for_each(("a", "b"), _answers(a=no, b=yes), "b")
    assert isinstance(taken, Checked)
    assert taken.scope == "cc 1, b, to ISA, not for a: k.c:1: error: no"
    none = Unavailable("late")
    assert for_each(("a", "b"), _answers(a=yes, b=none), "b") == none


# ---------------------------------------------------------------- fakes of compilers that are seldom there


class Recorded:
    """A workshop that notes what would be started, and answers as it is told."""

    def __init__(self, *answers: Done) -> None:
        self.answers = list(answers)
        self.commands: list[list[str]] = []

    def tool(self, command: object, folder: Path, seconds: float, reads: object = ()) -> Done:
        self.commands.append([str(c) for c in command])  # type: ignore[attr-defined]
        return self.answers[min(len(self.commands), len(self.answers)) - 1]

    program = None


def test_hipcc_is_told_not_to_ask_nvcc(monkeypatch: pytest.MonkeyPatch) -> None:
    hip = import_module("xpiler.platforms.hip.toolchain")
    monkeypatch.setattr(hip, "first_on_path", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(
        hip, "installed", lambda *names, words=(), **_: Compiler("hipcc", "6.2", (*names, *words)))
    shop = Recorded(Done(0, False, "", ""))
    taken = hip.compile("text", "gfx942", shop)
    assert isinstance(taken, Checked)
    assert taken.scope == "hipcc 6.2, gfx90a and gfx942, to ISA"
    assert all(c[:3] == ["/usr/bin/env", "HIP_PLATFORM=amd", "/usr/bin/hipcc"] for c in shop.commands)


def test_an_installation_without_these_gpus_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    hip = import_module("xpiler.platforms.hip.toolchain")
    said = "error: invalid target ID 'gfx942'; format is a processor name"
    ways = [hip._Way(Compiler("hipcc", "5.2", ("hipcc",)), False), hip._Way(Compiler("clang", "19.1", ("clang",)), True)]
    for left in (1, 2):
        monkeypatch.setattr(hip, "_ways", lambda left=left: ways[:left])
        shop = Recorded(Done(1, False, "", said), Done(1, False, "", said), Done(0, False, "", ""))
        outcome = hip.compile("text", "gfx942", shop)
        if left == 1:
            assert isinstance(outcome, Unavailable)
            assert "hipcc 5.2 cannot compile for gfx942" in outcome.reason
        else:
            assert isinstance(outcome, Checked)
            assert outcome.scope == "clang 19.1, gfx90a and gfx942, to ISA, device code alone, our own stub headers"
