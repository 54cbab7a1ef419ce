"""NVIDIA's nvcc; no GPU is needed to compile."""

from __future__ import annotations

import re

from xpiler.platforms.toolchain import Checked, Outcome, Unavailable, attempt, first_on_path

REGISTERS = 65536  # of a block, cuda.md; dealt out in units of 8 a thread
_USED = re.compile(r"Compiling entry function '_Z(?:N\w*?)?(\d+)(\w+)' .*?Used (\d+) registers", re.DOTALL)


def compile(text: str, arch: str = "sm_90", form: str = "ptx") -> Outcome:
    """PTX (`form` "ptx"), machine code for `arch` ("cubin": static limits too), or a library ("shared")."""
    compiler = first_on_path("nvcc")
    if compiler is None:
        return Unavailable("nvcc is not on PATH")
    match form:
        case "ptx" | "cubin":
            args, level = [f"-{form}"], "ISA"
        case "shared":
            args, level = ["-shared", "-Xcompiler", "-fPIC"], "linked"
        case _:
            raise ValueError(f"form is ptx, cubin or shared, not {form!r}")
    return attempt(compiler, [*args, f"-arch={arch}", "-std=c++17", "-w", "-o", "{out}"], text, ".cu", level)


def registers(text: str, arch: str = "sm_90") -> dict[str, int]:
    """Registers a thread of each kernel needs, of a template the fewest any instance does; empty without a compiler."""
    compiler = first_on_path("nvcc")
    if compiler is None:
        return {}
    args = ["-cubin", f"-arch={arch}", "-std=c++17", "-w", "-Xptxas", "-v", "-o", "{out}"]
    done = attempt(compiler, args, text, ".cu", "ISA")
    found: dict[str, int] = {}
    for length, rest, used in _USED.findall(done.said if isinstance(done, Checked) else ""):
        name = rest[: int(length)]
        found[name] = min(int(used), found.get(name, int(used)))
    return found
