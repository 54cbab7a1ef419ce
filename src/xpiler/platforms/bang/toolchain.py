"""Cambricon's cncc (bang.md, "Kernel launch and host runtime"); it is not public."""

from __future__ import annotations

from pathlib import Path

from xpiler.platforms.device import Entry, Loaded
from xpiler.platforms.toolchain import BARE, Outcome, Rejected, Unavailable, Workshop, attempt, installed

_INSTEAD = (
    "cncc is not on PATH, and it is not public; signatures, memory spaces, capacities and alignments are checked by "
    "the rules of device.h where the text is read and where it is run"
)


def compile(text: str, target: str = "mtp_592", shop: Workshop = BARE) -> Outcome:
    """Object code by cncc."""
    compiler = installed("cncc")
    if compiler is None:
        return Unavailable(_INSTEAD)
    args = ["-c", f"--bang-mlu-arch={target}", "-O2", "-o", "{out}"]
    return attempt(compiler, args, text, ".mlu", "ISA", shop=shop)


def identity() -> str:
    """Which compiler is asked."""
    compiler = installed("cncc")
    return compiler.identity if compiler else ""


def device() -> str | Unavailable:
    """Never: how a program reaches an MLU cannot be tried without cncc."""
    return Unavailable("there is no MLU here that a program could be compiled for")


def load(text: str, entry: Entry, folder: Path, shop: Workshop, seconds: float) -> Loaded | Rejected | Unavailable:
    """Nothing: see `device`."""
    return Unavailable(_INSTEAD)
