"""The host's C compiler, which takes the text as C++ too."""

from __future__ import annotations

from pathlib import Path

from xpiler.platforms.device import Entry, Loaded, cpu
from xpiler.platforms.device import load as linked
from xpiler.platforms.toolchain import (
    BARE, Compiler, Outcome, Rejected, Unavailable, Workshop, attempt, for_each, installed,
)

_STANDARDS = {"C11": ("c", "-std=c11"), "C++17": ("c++", "-std=c++17")}


def compile(text: str, target: str = "", shop: Workshop = BARE) -> Outcome:
    """Object code by gcc or clang, as C11; whether it is C++17 too is told beside it."""
    compilers = {standard: _compiler(language) for standard, (language, _) in _STANDARDS.items()}
    if compilers["C11"] is None:
        return Unavailable("no C compiler: install gcc (Debian: apt-get install gcc)")

    def ask(standard: str) -> Outcome:
        compiler = compilers[standard]
        if compiler is None:
            return Unavailable("no C++ compiler")
        language, option = _STANDARDS[standard]
        args = ["-x", language, option, "-c", "-O1", "-w", "-fopenmp", "-o", "{out}"]
        return attempt(compiler, args, text, ".c", "ISA", shop=shop)

    return for_each(tuple(_STANDARDS), ask, "C11")


def identity() -> str:
    """Which compilers are asked."""
    found = [c for language, _ in _STANDARDS.values() if (c := _compiler(language))]
    return f"{' '.join(c.identity for c in found)} {_STANDARDS}" if found else ""


def device() -> str | Unavailable:
    """This machine's CPU."""
    return cpu()[0] or "this machine's CPU"


def load(text: str, entry: Entry, folder: Path, shop: Workshop, seconds: float) -> Loaded | Rejected | Unavailable:
    """As C11 by gcc. Without OpenMP: a caged program has one thread."""
    compiler = _compiler("c")
    if compiler is None:
        return Unavailable("no C compiler: install gcc (Debian: apt-get install gcc)")
    # No contraction, and overflow that wraps: the same arithmetic as in the runs it is compared with.
    args = ["-x", "c", "-std=c11", "-O2", "-ffp-contract=off", "-fwrapv", "-w", "-D_DEFAULT_SOURCE"]
    return linked(compiler, args, text, ".c", entry, folder, shop=shop, seconds=seconds, language="c",
                  how=f"{compiler} -O2, one thread", libraries=["-lm"])


def _compiler(language: str) -> Compiler | None:
    return installed("gcc", "cc", "clang") if language == "c" else installed("g++", "c++", "clang++")
