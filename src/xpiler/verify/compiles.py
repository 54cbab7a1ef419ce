"""The rung of the vendor's compiler, where the machine has one."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path

from xpiler.platforms.platform import Platform
from xpiler.platforms.toolchain import Checked, Rejected, Unavailable
from xpiler.verify.verdict import COMPILES, Evidence, Proved, Refuted, Unknown, Verdict, Witness


def compiles(text: str, platform: Platform) -> Evidence:
    """Whether the target's own compiler takes the text; Unknown where there is none."""
    start = time.monotonic()
    toolchain = import_module(f"xpiler.platforms.{platform.name}.toolchain")
    verdict: Verdict
    match toolchain.compile(text):
        case Checked(level, compiler):
            verdict = Proved(f"{Path(compiler).name}, {level}")
        case Rejected(message):
            verdict = Refuted(Witness("the compiler refuses the text", findings=tuple(message.splitlines())))
        case Unavailable(reason):
            verdict = Unknown(reason)
        case other:
            raise TypeError(f"not a toolchain's answer: {other!r}")
    return Evidence(COMPILES, verdict, time.monotonic() - start)
