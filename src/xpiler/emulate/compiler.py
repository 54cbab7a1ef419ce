"""The C++ compiler: which one it is, and its first error in the user's terms."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xpiler.emulate import sandbox
from xpiler.emulate.caller import DRIVER
from xpiler.emulate.entry import Limits
from xpiler.emulate.prepare import TEXT
from xpiler.fault import Fault, Span

# -fno-weak: statics of templates and inline functions go into the same sections as all others.
# -ffp-contract=off: the same bits on every CPU. Frame pointers: findings walk them. DWARF 4: so
# that addr2line of binutils 2.40 keeps the names that #line gives.
FLAGS = (
    "-std=gnu++17", "-O1", "-g1", "-gdwarf-4", "-w", "-pipe", "-fno-omit-frame-pointer",
    "-fno-strict-aliasing", "-fno-delete-null-pointer-checks", "-ffp-contract=off", "-fwrapv", "-fno-pie",
    "-fno-weak", "-fno-stack-protector", "-fcf-protection=none", "-fdiagnostics-color=never", "-fmax-errors=5",
)
_LIMITS = Limits(seconds=120, memory_mb=8192, file_mb=512)
_ERROR = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<what>.*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler and what it says it is."""

    path: str
    identity: str

    def __call__(
        self, folder: Path, *arguments: str | Path, file: str = "", text: str = ""
    ) -> None:
        """Run it in `folder`; XP4002 at the first error, placed in the user's `file` where it can be."""
        done = sandbox.call([self.path, *FLAGS, *arguments], folder, _LIMITS, tools=_tools(self.path))
        if done.late:
            raise Fault("XP4002", f"compiling took more than {_LIMITS.seconds:.0f} seconds", Span(file))
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
        raise Fault("XP4001", f"`{name}` does not work", why=done.stderr.strip()[-300:])
    return Compiler(found, done.stderr)


def _tools(compiler: str) -> str:
    """The PATH a compiler finds its assembler and linker on."""
    folders = [str(Path(compiler).parent), "/usr/local/bin", "/usr/bin", "/bin"]
    return os.pathsep.join(dict.fromkeys(folders))


def _fault(stderr: str, file: str, text: str) -> Fault:
    error = _ERROR.search(stderr)
    if error is None:
        return Fault("XP4002", "the C++ compiler failed", Span(file), why=_last(stderr))
    if error["file"] == DRIVER:
        return Fault("XP4002", error["what"], Span(file), why="this is how the entry is called")
    where = Span(error["file"], int(error["line"]), int(error["column"] or 0))
    if error["file"] != TEXT:
        return Fault("XP4002", error["what"], where, why=_last(stderr))
    lines = text.splitlines()
    shown = lines[where.line - 1] if 0 < where.line <= len(lines) else ""
    return Fault(
        "XP4002", error["what"], Span(file, where.line, where.column), source_line=shown
    )


def _last(stderr: str) -> str:
    return stderr.strip()[-2000:]
