"""The host's C compiler, which takes the text as C++ too."""

from __future__ import annotations

from xpiler.platforms.toolchain import (
    BARE, Compiler, Outcome, Unavailable, Workshop, attempt, for_each, installed,
)

_STANDARDS = {"c": "-std=c11", "c++": "-std=c++17"}


def compile(text: str, target: str = "", shop: Workshop = BARE) -> Outcome:
    """Object code by gcc or clang, as C11; whether it is C++17 too is told beside it."""
    compilers = {language: _compiler(language) for language in _STANDARDS}
    if compilers["c"] is None:
        return Unavailable("no C compiler: install gcc (Debian: apt-get install gcc)")

    def ask(language: str) -> Outcome:
        compiler = compilers[language]
        if compiler is None:
            return Unavailable("no C++ compiler")
        args = ["-x", language, _STANDARDS[language], "-c", "-O1", "-w", "-fopenmp", "-o", "{out}"]
        return attempt(compiler, args, text, ".c", "ISA", shop=shop)

    return for_each(tuple(_STANDARDS), ask, "c")


def identity() -> str:
    """Which compilers are asked."""
    found = [c for language in _STANDARDS if (c := _compiler(language))]
    return f"{' '.join(c.identity for c in found)} {_STANDARDS}" if found else ""


def _compiler(language: str) -> Compiler | None:
    return installed("gcc", "cc", "clang") if language == "c" else installed("g++", "c++", "clang++")
