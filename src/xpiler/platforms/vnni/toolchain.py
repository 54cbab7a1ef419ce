"""The host's C++ compiler with AVX-512 and VNNI (vnni.md, "Vector widths, headers and compile flags")."""

from __future__ import annotations

from xpiler.platforms.toolchain import BARE, Compiler, Outcome, Unavailable, Workshop, attempt, for_each, installed

# The first and the latest server generations with AVX-512 VNNI; the second has bfloat16 and half instructions too.
TARGETS = ("icelake-server", "sapphirerapids")


def compile(text: str, target: str = "", shop: Workshop = BARE) -> Outcome:
    """Object code by g++ or clang++; any x86 machine can make it.

    The later generation decides: it has every instruction that device.h describes."""
    compiler = _compiler()
    if compiler is None:
        return Unavailable("no C++ compiler: install g++ (Debian: apt-get install g++)")
    args = ["-std=c++17", "-c", "-O1", "-w", "-fopenmp", "-o", "{out}"]
    return for_each(
        TARGETS, lambda t: attempt(compiler, [*args, f"-march={t}"], text, ".cpp", "ISA", shop=shop), TARGETS[-1])


def identity() -> str:
    """Which compiler is asked."""
    compiler = _compiler()
    return f"{compiler.identity} {TARGETS}" if compiler else ""


def _compiler() -> Compiler | None:
    return installed("g++", "clang++", "c++")
