"""Where a platform's own compilers, and what they make, are started: the same cage as for runs here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xpiler.emulate import compiler as compilers
from xpiler.emulate import precompiled, sandbox
from xpiler.emulate.cage import Cage
from xpiler.emulate.entry import Limits
from xpiler.emulate.store import Store, default_folder
from xpiler.platforms.toolchain import Done

_COMPILER_MB, _FILE_MB = 8192, 512
_PROGRAM_MB = 4096
_DEVICE_MB = 1 << 26  # drivers reserve address space for all memory there is, without using it
_SYSTEM = (Path("/proc"), Path("/sys"), Path("/opt/rocm"))  # what a driver asks about the machine; its libraries


@dataclass(frozen=True)
class Caged:
    """A workshop (platforms.toolchain) with walls: limits, no network, no files but those that are named."""

    cage: Cage

    def tool(self, command: Sequence[str], folder: Path, seconds: float, reads: Sequence[Path] = ()) -> Done:
        """A compiler, its folders readable beside the system's, writing in `folder` alone."""
        path = Path(command[0])
        limits = Limits(seconds, _COMPILER_MB, _FILE_MB)
        tools = os.pathsep.join(dict.fromkeys((str(path.parent), "/usr/local/bin", "/usr/bin", "/bin")))
        return _done(sandbox.call(
            command, folder, limits, tools=tools, cage=replace(self.cage, compiler=path), reads=reads))

    def program(
        self, command: Sequence[str], folder: Path, seconds: float, files: Sequence[int], devices: Sequence[str] = (),
    ) -> Done:
        """What was made: as tight as any run here, except that a driver of `devices` needs a tool's rights."""
        if not devices:
            limits = Limits(seconds, _PROGRAM_MB, _FILE_MB)
            return _done(sandbox.call(command, folder, limits, cage=self.cage, files=files))
        limits = Limits(seconds, _DEVICE_MB, _FILE_MB)
        return _done(sandbox.call(
            command, folder, limits, tools="/usr/bin:/bin", cage=self.cage, reads=_SYSTEM, files=files,
            writes=devices))


def workshop(cache: Path | None = None) -> Caged:
    """The cage, built where it is not there yet; Fault XP4001 without the C++ compiler that builds it."""
    caged = precompiled.caged(compilers.find("g++"), Store(cache if cache is not None else default_folder()))
    assert caged.cage is not None, "`caged` gives a compiler its cage"
    return Caged(caged.cage)


def _done(finished: sandbox.Finished) -> Done:
    return Done(finished.code, finished.late, finished.stdout, finished.stderr)
