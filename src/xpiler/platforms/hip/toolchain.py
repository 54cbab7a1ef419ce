"""hipcc, or a clang that finds the ROCm headers."""

from __future__ import annotations

from xpiler.platforms.toolchain import Outcome, Unavailable, attempt, first_on_path


def compile(text: str, arch: str = "gfx942") -> Outcome:
    """Device assembly for `arch`; needs a ROCm installation, but no GPU."""
    names = ("hipcc", "amdclang++", *(f"clang++-{v}" for v in range(24, 17, -1)), "clang++")
    compiler = first_on_path(*names)
    if compiler is None:
        return Unavailable("neither hipcc nor clang is on PATH")
    args = ["-x", "hip", f"--offload-arch={arch}", "--cuda-device-only", "-S", "-O2", "-w", "-o", "{out}"]
    outcome = attempt(compiler, args, text, ".hip", "ISA")
    missing = ("cannot find ROCm", "cannot find HIP", "hip_runtime.h' file not found", "invalid target ID")
    match outcome:
        case Unavailable() as none:
            return none
        case _ if any(m in getattr(outcome, "message", "") for m in missing):
            return Unavailable(f"{compiler} has no ROCm for {arch}")
    return outcome
