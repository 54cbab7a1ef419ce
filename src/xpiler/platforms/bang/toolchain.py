"""Cambricon's cncc (bang.md, "Kernel launch and host runtime"); it is not public."""

from __future__ import annotations

from xpiler.platforms.toolchain import Outcome, Unavailable, attempt, first_on_path


def compile(text: str, arch: str = "mtp_592") -> Outcome:
    """Object code by cncc."""
    compiler = first_on_path("cncc")
    if compiler is None:
        return Unavailable("cncc is not on PATH")
    args = ["-c", f"--bang-mlu-arch={arch}", "-O2", "-o", "{out}"]
    return attempt(compiler, args, text, ".mlu", "ISA")
