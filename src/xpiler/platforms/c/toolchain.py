"""The host's C compiler, which takes the text as C++ too."""

from __future__ import annotations

import re
from pathlib import Path

from xpiler.platforms.device import Entry, Loaded, cpu
from xpiler.platforms.device import load as linked
from xpiler.platforms.toolchain import (
    BARE, Compiler, Outcome, Rejected, Unavailable, Workshop, attempt, for_each, installed,
)

# With GNU's extensions, as the compilers have them unless told otherwise: M_PI, POSIX.
_STANDARDS = {"C11": ("c", "-std=gnu11"), "C++17": ("c++", "-std=gnu++17")}
# Words of a text that is C++ and was never meant as C; one that asks which of them it is, is meant as both.
_PLUS_PLUS = re.compile(
    r'\btemplate\s*<|\bnamespace\b|\bstd::|\b(?:static|reinterpret|const)_cast\s*<|\bconstexpr\b|\busing\b|\bnullptr\b|'
    r'\bextern\s+"C"'
)


def compile(text: str, target: str = "", shop: Workshop = BARE) -> Outcome:
    """Object code by gcc or clang, as C11; whether it is C++17 too is told beside it.

    A text with words of C++ alone, which this platform reads too, is decided as C++17."""
    compilers = {standard: _compiler(language) for standard, (language, _) in _STANDARDS.items()}
    if None in compilers.values():
        return Unavailable("no C or no C++ compiler: install gcc and g++ (Debian: apt-get install g++)")

    def ask(standard: str) -> Outcome:
        compiler = compilers[standard]
        assert compiler is not None, "both are there"
        language, option = _STANDARDS[standard]
        args = ["-x", language, option, "-c", "-O1", "-w", "-fopenmp", "-o", "{out}"]
        return attempt(compiler, args, text, ".c", "ISA", shop=shop)

    return for_each(tuple(_STANDARDS), ask, "C++17" if _is_cpp(text) else "C11")


def _is_cpp(text: str) -> bool:
    return "__cplusplus" not in text and bool(_PLUS_PLUS.search(text))


def identity() -> str:
    """Which compilers are asked."""
    found = [c for language, _ in _STANDARDS.values() if (c := _compiler(language))]
    return f"{' '.join(c.identity for c in found)} {_STANDARDS}" if found else ""


def device() -> str | Unavailable:
    """This machine's CPU."""
    return cpu()[0] or "this machine's CPU"


def load(text: str, entry: Entry, folder: Path, shop: Workshop, seconds: float) -> Loaded | Rejected | Unavailable:
    """By gcc, or by g++ where the text is C++. Without OpenMP: a caged program has one thread."""
    language, standard = _STANDARDS["C++17" if _is_cpp(text) else "C11"]
    compiler = _compiler(language)
    if compiler is None:
        return Unavailable("no C or no C++ compiler: install gcc and g++ (Debian: apt-get install g++)")
    # No contraction, and overflow that wraps: the same arithmetic as in the runs it is compared with.
    args = ["-x", language, standard, "-O2", "-ffp-contract=off", "-fwrapv", "-w"]
    return linked(compiler, args, text, ".c", entry, folder, shop=shop, seconds=seconds, language=language,
                  how=f"{compiler} -O2, one thread", libraries=["-lm"])


def _compiler(language: str) -> Compiler | None:
    return installed("gcc", "cc", "clang") if language == "c" else installed("g++", "c++", "clang++")
