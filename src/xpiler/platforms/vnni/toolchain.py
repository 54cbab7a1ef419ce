"""The host's C++ compiler with AVX-512 and VNNI (vnni.md, "Vector widths, headers and compile flags")."""

from __future__ import annotations

from xpiler.platforms.toolchain import Outcome, Unavailable, attempt, first_on_path

FLAGS = ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mfma")


def compile(text: str) -> Outcome:
    """Object code by g++ or clang++."""
    compiler = first_on_path("g++", "clang++", "c++")
    if compiler is None:
        return Unavailable("no C++ compiler on PATH")
    args = ["-std=c++17", *FLAGS, "-c", "-O1", "-w", "-fopenmp", "-o", "{out}"]
    return attempt(compiler, args, text, ".cpp", "ISA")
