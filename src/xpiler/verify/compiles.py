"""The rung of the platform's own compiler, where the machine has one."""

from __future__ import annotations

import hashlib
import time
from importlib import import_module
from pathlib import Path

from xpiler.emulate.store import default_folder
from xpiler.emulate.workshop import workshop
from xpiler.fault import Fault
from xpiler.kept import Shelf
from xpiler.platforms.platform import Platform
from xpiler.platforms.toolchain import Checked, Rejected, Toolchain, Unavailable
from xpiler.verify.verdict import COMPILES, Evidence, Proved, Refuted, Unknown, Verdict, Witness

_ANSWER = "answer"


def compiles(text: str, platform: Platform, *, cache: Path | None = None) -> Evidence:
    """Whether the target's own compiler takes the text; Unknown where there is none.

    The scope names the compiler, its version, the architectures, and how far it went. Answers are kept in `cache`, by
    the text and by which compilers there are."""
    start = time.monotonic()
    toolchain: Toolchain = import_module(f"xpiler.platforms.{platform.name}.toolchain")
    verdict = _verdict(text, platform, toolchain, cache if cache is not None else default_folder())
    return Evidence(COMPILES, verdict, time.monotonic() - start)


def _verdict(text: str, platform: Platform, toolchain: Toolchain, cache: Path) -> Verdict:
    subject = f"{platform.name}-{_digest(platform.target, text)}"
    shelf = Shelf(cache / "compiled", subject, _digest(toolchain.identity()))
    found = shelf.found(_ANSWER)
    if found is not None:
        return _remembered(*found[0])
    try:
        outcome = toolchain.compile(text, platform.target, workshop(cache))
    except Fault as fault:
        return Unknown(f"the compiler was not asked: {fault}")
    match outcome:
        case Checked():
            shelf.put(_ANSWER, (True, outcome.scope, ""))
            return _remembered(True, outcome.scope, "")
        case Rejected(message, compiler):
            shelf.put(_ANSWER, (False, message, compiler))
            return _remembered(False, message, compiler)
        case Unavailable(reason):  # another time there may be a compiler, or time enough
            return Unknown(reason)
    raise TypeError(f"not a toolchain's answer: {outcome!r}")


def _remembered(taken: bool, words: str, compiler: str) -> Verdict:
    if taken:
        return Proved(words)
    what = f"{compiler or 'the compiler'} refuses the text"
    return Refuted(Witness(what, findings=tuple(words.splitlines())))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
