"""Runs cannot reach out, and builds fail in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.emulate.conftest import STUB, Emulate
from xpiler.emulate import Entry, Limits, build
from xpiler.fault import Fault


def test_the_environment_is_empty(emulate: Emulate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XP_SECRET", "42")
    text = '#include <stdlib.h>\nextern char** environ;\nextern "C" void run(int* a) { a[0] = environ && environ[0] ? 1 : 2; }\n'
    assert emulate(text, name="run", a=np.zeros(1, np.int32)).outputs["a"][0] == 2


@pytest.mark.parametrize("act", ['fopen("/etc/passwd", "r")', 'system("id")'])
def test_files_and_processes_are_out_of_reach(emulate: Emulate, act: str) -> None:
    run = emulate(f'extern "C" void run(int* a) {{\n  a[0] =\n    !!{act};\n}}\n', name="run", a=np.zeros(1, np.int32))
    assert run.status == "finding" and run.findings[0].code == "XP2160"


def test_memory_is_limited(emulate: Emulate) -> None:
    text = 'extern "C" void run(int* a) { for (;;) { char* p = new char[1 << 28]; p[5] = 1; a[0] += p[5]; } }\n'
    run = emulate(text, name="run", limits=Limits(memory_mb=1024), a=np.zeros(1, np.int32))
    assert run.status == "memory"


@pytest.mark.parametrize("act", ["exit(0)", "_Exit(3)"])
def test_leaving_early_is_no_success(emulate: Emulate, act: str) -> None:
    assert emulate(f'extern "C" void run(int* a) {{ {act}; }}\n', name="run", a=np.zeros(1, np.int32)).status == "crash"


def test_an_abort_has_a_line(emulate: Emulate) -> None:
    run = emulate('extern "C" void run(int* a) {\n  a[0] = 1;\n  abort();\n}\n', name="run", a=np.zeros(1, np.int32))
    assert (run.status, run.findings[0].line) == ("finding", 3)


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
