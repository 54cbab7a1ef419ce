"""The host's C compiler, which takes the text as C++ too."""

from __future__ import annotations

from xpiler.platforms.toolchain import Outcome, Unavailable, attempt, first_on_path


def compile(text: str, language: str = "c") -> Outcome:
    """Object code by gcc or clang; `language` is "c" or "c++"."""
    compiler = first_on_path("gcc", "cc", "clang") if language == "c" else first_on_path("g++", "c++", "clang++")
    if compiler is None:
        return Unavailable("no C compiler on PATH")
    args = ["-x", language, "-c", "-O1", "-w", "-fopenmp", "-o", "{out}"]
    return attempt(compiler, args, text, ".c", "ISA")
