"""The host's C++ compiler with AVX-512 and VNNI (vnni.md, "Vector widths, headers and compile flags")."""

from __future__ import annotations

import platform
from pathlib import Path

from xpiler.platforms.device import Entry, Loaded, cpu
from xpiler.platforms.device import load as linked
from xpiler.platforms.toolchain import (
    BARE, Compiler, Outcome, Rejected, Unavailable, Workshop, attempt, for_each, installed,
)

# The first and the latest server generations with AVX-512 VNNI; the second has bfloat16 and half instructions too.
TARGETS = ("icelake-server", "sapphirerapids")

# The CPU's flag (/proc/cpuinfo) -> the compiler's. A text that needs what the CPU lacks is refused by the compiler.
_NEEDED = {"avx512f": "-mavx512f", "avx512bw": "-mavx512bw", "avx512dq": "-mavx512dq", "avx512vl": "-mavx512vl"}
_FURTHER = {
    "avx512_vnni": "-mavx512vnni", "avx512_bf16": "-mavx512bf16", "avx512_fp16": "-mavx512fp16",
    "avx512cd": "-mavx512cd", "avx512vbmi": "-mavx512vbmi", "avx512_vbmi2": "-mavx512vbmi2",
    "avx512ifma": "-mavx512ifma", "avx512_bitalg": "-mavx512bitalg", "avx512_vpopcntdq": "-mavx512vpopcntdq",
    "avx_vnni": "-mavxvnni", "fma": "-mfma", "f16c": "-mf16c", "bmi1": "-mbmi", "bmi2": "-mbmi2", "lzcnt": "-mlzcnt",
    "abm": "-mlzcnt", "popcnt": "-mpopcnt", "gfni": "-mgfni",
}


def compile(text: str, target: str = "", shop: Workshop = BARE) -> Outcome:
    """Object code by g++ or clang++; any x86 machine can make it.

    The later generation decides: it has every instruction that device.h describes."""
    compiler = _compiler()
    if compiler is None:
        return Unavailable("no C++ compiler: install g++ (Debian: apt-get install g++)")
    args = ["-std=gnu++17", "-c", "-O1", "-w", "-fopenmp", "-o", "{out}"]
    return for_each(
        TARGETS, lambda t: attempt(compiler, [*args, f"-march={t}"], text, ".cpp", "ISA", shop=shop), TARGETS[-1])


def identity() -> str:
    """Which compiler is asked."""
    compiler = _compiler()
    return f"{compiler.identity} {TARGETS}" if compiler else ""


def device() -> str | Unavailable:
    """This machine's CPU, where it has AVX-512; VNNI is needed by the texts that use it."""
    name, flags = cpu()
    lacking = [f for f in _NEEDED if f not in flags]
    if platform.machine() != "x86_64" or lacking:
        return Unavailable(f"this machine's CPU lacks {', '.join(lacking) or 'x86-64'}")
    return name + ("" if "avx512_vnni" in flags else " (without VNNI)")


def load(text: str, entry: Entry, folder: Path, shop: Workshop, seconds: float) -> Loaded | Rejected | Unavailable:
    """By g++ with what this CPU has. Without OpenMP: a caged program has one thread."""
    compiler = _compiler()
    if compiler is None:
        return Unavailable("no C++ compiler: install g++ (Debian: apt-get install g++)")
    _, flags = cpu()
    machine = dict.fromkeys(option for flag, option in {**_NEEDED, **_FURTHER}.items() if flag in flags)
    # No contraction, and overflow that wraps: the same arithmetic as in the runs it is compared with.
    args = ["-x", "c++", "-std=gnu++17", "-O2", "-ffp-contract=off", "-fwrapv", "-w", *machine]
    return linked(compiler, args, text, ".cpp", entry, folder, shop=shop, seconds=seconds,
                  how=f"{compiler} -O2, one thread")


def _compiler() -> Compiler | None:
    return installed("g++", "clang++", "c++")
