"""The C++ compiler: which one it is, and its first error in the user's terms."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xpiler.emulate import sandbox
from xpiler.emulate.cage import Cage
from xpiler.emulate.caller import DRIVER
from xpiler.emulate.entry import Limits
from xpiler.emulate.failing import failed
from xpiler.emulate.prepare import TEXT
from xpiler.fault import Fault, Span, together
from xpiler.platforms.device import cpu
from xpiler.platforms.failing import machine_failed

# -fno-weak: statics of templates and inline functions go into the same sections as all others.
# -ffp-contract=off: the same bits on every CPU. Frame pointers: findings walk them. DWARF 4: so
# that addr2line of binutils 2.40 keeps the names that #line gives. -fno-thread-jumps: a copied call
# of a shuffle or a barrier would be a second meeting point.
FLAGS = (
    "-std=gnu++17", "-O1", "-g1", "-gdwarf-4", "-w", "-pipe", "-fno-omit-frame-pointer",
    "-fno-strict-aliasing", "-fno-delete-null-pointer-checks", "-ffp-contract=off", "-fwrapv", "-fno-pie",
    "-fno-thread-jumps", "-fno-weak", "-fno-stack-protector", "-fcf-protection=none",
    "-fdiagnostics-color=never", "-fno-diagnostics-show-caret", "-fmax-errors=40",
    *(("-mf16c",) if "f16c" in cpu()[1] else ()),  # halves by the CPU, several times as fast and the same bits
)
_LIMITS = Limits(seconds=120, memory_mb=8192, file_mb=512)
_ERROR = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<what>.*)$",
    re.MULTILINE,
)
# What has no place in the text and is about it all the same: names without a definition, or with two; assembly; files
# that are not for it to see.
_BEYOND = re.compile(
    r"undefined reference|multiple definition|duplicate symbol|undefined symbol|relocation truncated"
    r"|^cc1plus: fatal error: \S+: Permission denied|Assembler messages|: Error: |section .* (?:overlaps|will not fit)",
    re.MULTILINE,
)
_NOTE = re.compile(r"[^\n]*?: note: (?P<what>[^\n]*)")
_REPORT = "a smaller file that shows it; where the text is legal C++17, this is a mistake in xpiler"
_ENTRY = "parameters that are numbers and pointers to numbers"


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler and what it says it is."""

    path: str
    identity: str
    cage: Cage | None = None

    def __call__(
        self, folder: Path, *arguments: str | Path, file: str = "", text: str = "", reads: Sequence[Path] = (),
    ) -> None:
        """Run it in `folder`; XP4002 at the first error, placed in the user's `file` where it can be, and XP4004 where
        it says nothing about the text: it was ended, crashed, or had no room."""
        done = sandbox.call(
            [self.path, *FLAGS, *arguments], folder, _LIMITS, tools=_tools(self.path), cage=self.cage, reads=reads,
        )
        if done.late:
            raise Fault(
                "XP4004", f"compiling took more than {_LIMITS.seconds:.0f} seconds", Span(file),
                "templates or macros make it very large, or the machine is busy", "a smaller file",
            )
        if done.code < 0:
            raise failed(f"the C++ compiler was ended by signal {-done.code}")
        if done.code != 0:
            raise _fault(done.stderr, file, text)


@cache
def find(name: str) -> Compiler:
    """The compiler called `name`; Fault XP4001 if there is none."""
    found = shutil.which(name)
    if not found:
        raise Fault(
            "XP4001", f"no C++ compiler: `{name}` is not on PATH",
            why="kernels run as programs that g++ builds",
            try_="install g++ 12 or later (Debian: apt-get install g++)",
        )
    with tempfile.TemporaryDirectory() as folder:
        done = sandbox.call([found, "-v"], Path(folder), _LIMITS, tools=_tools(found))
    if done.code != 0:
        raise Fault(
            "XP4001", f"`{name}` does not work", why=done.stderr.strip()[-300:],
            try_="install g++ 12 or later (Debian: apt-get install g++)",
        )
    return Compiler(found, done.stderr)


def _tools(compiler: str) -> str:
    """The PATH a compiler finds its assembler and linker on."""
    folders = [str(Path(compiler).parent), "/usr/local/bin", "/usr/bin", "/bin"]
    return os.pathsep.join(dict.fromkeys(folders))


def _fault(stderr: str, file: str, text: str) -> Fault:
    """One Fault for all errors in the user's text; for the first one elsewhere where it has none.

    A compiler that names neither a place in a text nor what the linker or the assembler has against it did not get as
    far as to judge it."""
    machine = machine_failed(stderr)
    if machine:
        return failed(machine)
    errors = list(_ERROR.finditer(stderr))
    if not errors and _BEYOND.search(stderr):
        return Fault("XP4002", "the C++ compiler failed", Span(file), _last(stderr), _REPORT)
    if not errors:
        return failed(_last(stderr) or "the C++ compiler failed without a word")
    mine = [_placed(e, file, text.splitlines()) for e in errors if e["file"] == TEXT]
    if mine:
        return together(mine)
    first = errors[0]
    if first["file"] == DRIVER:
        return Fault("XP4002", first["what"], Span(file), "this is how the entry is called", _ENTRY)
    where = Span(first["file"], int(first["line"]), int(first["column"] or 0))
    return Fault("XP4002", first["what"], where, _last(stderr), _REPORT)


def _placed(error: re.Match[str], file: str, lines: list[str]) -> Fault:
    line, column = int(error["line"]), int(error["column"] or 0)
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    note = _NOTE.match(error.string, error.end() + 1)
    why = note["what"] if note else "the text is compiled as C++17 against the platform's header to run it here"
    return Fault("XP4002", error["what"], Span(file, line, column), why, "correct the line", shown)


def _last(stderr: str) -> str:
    return "\n".join(line[:300] for line in stderr.strip().splitlines()[-4:])
