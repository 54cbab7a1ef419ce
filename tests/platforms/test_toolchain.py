"""What the platforms' own compilers say, and what is said where there is none."""

from __future__ import annotations

import shutil
import sys
from importlib import import_module

import pytest

from xpiler import platforms
from xpiler.platforms.toolchain import Checked, Rejected, Unavailable, attempt


@pytest.mark.parametrize("name", platforms.NAMES)
def test_nonsense_is_never_accepted(name: str) -> None:
    outcome = import_module(f"xpiler.platforms.{name}.toolchain").compile("no language at all")
    assert isinstance(outcome, Rejected | Unavailable)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ on PATH")
def test_vector_intrinsics_are_compiled_without_the_hardware() -> None:
    text = "#include <immintrin.h>\n__m512i f(__m512i c, __m512i a) { return _mm512_dpbusd_epi32(c, a, a); }\n"
    vnni = import_module("xpiler.platforms.vnni.toolchain")
    assert vnni.compile(text) == Checked("ISA", shutil.which("g++") or "")
    wrong = vnni.compile(text.replace("dpbusd", "dpbusx"))
    assert isinstance(wrong, Rejected)
    assert "kernel.cpp:2:" in wrong.message


def test_a_compiler_that_does_not_end_is_no_verdict() -> None:
    loop = attempt(sys.executable, ["-c", "while True: pass"], "", ".c", "ISA", seconds=0.3)
    assert isinstance(loop, Unavailable)
    assert "did not end" in loop.reason


def test_a_compiler_that_is_not_there_is_no_verdict() -> None:
    assert isinstance(attempt("/nowhere/cc", [], "", ".c", "ISA"), Unavailable)
