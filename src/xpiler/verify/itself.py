"""Running a file's own `main` as it is, in the sandbox, and what it said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xpiler.emulate.build import build
from xpiler.emulate.entry import Entry, Finding, Limits
from xpiler.emulate.run import run
from xpiler.ir.nodes import Buffer, Const
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform

_ENTRY, _STATUS = "xp_own_main", "xp_own_main_status"
# The emulator renames `main`; it may or may not take the command line.
_CALL = f"""
static int xp_own_main_call(int (*f)()) {{ return f(); }}
template <class A> static int xp_own_main_call(int (*f)(int, A)) {{
    static char name[] = "program";
    static char* line[] = {{name, nullptr}};
    return f(1, (A)line);
}}
extern "C" void {_ENTRY}(int* {_STATUS}) {{ {_STATUS}[0] = xp_own_main_call(xp_user_main); }}
"""


@dataclass(frozen=True)
class Itself:
    """How a `main` ended: `status` is what it returned, None where it did not return."""

    status: int | None
    ended: str
    findings: tuple[Finding, ...]
    stdout: str
    stderr: str
    seconds: float


def run_itself(text: str, platform: Platform, *, file: str, limits: Limits, cache: Path | None = None) -> Itself:
    """Build and run a file's own `main` without arguments; Fault XP4002 when it does not compile."""
    entry = Entry(_ENTRY, (Buffer(_STATUS, DType.I32, Const(1, DType.I32)),))
    executable = build(text + _CALL, platform, entry, file=file, cache=cache)
    done = run(executable, entry, {}, limits)
    kept = done.outputs.get(_STATUS)
    status = None if kept is None or done.status != "ok" else int(kept[0])
    return Itself(status, done.status, done.findings, done.stdout, done.stderr, done.seconds)
