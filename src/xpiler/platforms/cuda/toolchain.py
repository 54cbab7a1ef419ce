"""NVIDIA's nvcc; no GPU is needed to compile."""

from __future__ import annotations

from xpiler.platforms.toolchain import Outcome, Unavailable, attempt, first_on_path


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
