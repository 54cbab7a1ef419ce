"""What a process may reach, and the launcher (cage.cpp) that takes all else away before it starts."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xpiler.emulate.entry import Limits

SOURCE = Path(__file__).with_name("cage.cpp")
_MIB = 1 << 20
# Where systems keep libraries and compilers; a folder that is not there does no harm.
_LIBRARIES = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64",
    "/etc/ld.so.cache", "/nix/store", "/gnu/store",
)
_TOOLS = ("/usr", "/bin", "/sbin", "/etc/alternatives", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
# Of a compiler that was installed elsewhere: the folders it lives in, not the folder they are in, which may be a home.
_PARTS = ("bin", "lib", "lib64", "libexec", "include", "share", "*-linux-gnu*")
_LANDLOCK_VERSION = (444, None, 0, 1)  # landlock_create_ruleset, asked for its version


@dataclass(frozen=True)
class Cage:
    """The launcher, and the compiler whose programs it starts."""

    launcher: Path
    compiler: Path

    def kernel(self, command: Sequence[str], limits: Limits) -> list[str]:
        """A command that may read libraries and itself, and write to the files it is given open."""
        reads = [*_LIBRARIES, *map(str, self._prefix("lib*")), command[0]]
        return self._wrapped("kernel", limits, reads, [], command)

    def tool(
        self, command: Sequence[str], folder: Path, limits: Limits, reads: Sequence[Path], writes: Sequence[str] = (),
    ) -> list[str]:
        """A command that may also use the system's tools, read and write what is named, and write in its folder."""
        named = [path if path.is_dir() else path.parent for path in map(Path, command) if path.is_absolute()]
        prefix = [p for part in _PARTS for p in self._prefix(part)]
        own = map(str, [Path(__file__).parent.parent, *reads, *named, *prefix])
        return self._wrapped("tool", limits, [*_LIBRARIES, *_TOOLS, *own], [str(folder), *_DEVICES, *writes], command)

    def _prefix(self, part: str) -> list[Path]:
        homes = dict.fromkeys((self.compiler.parent.parent, self.compiler.resolve().parent.parent))
        return [p for home in homes if home != Path("/usr") for p in sorted(home.glob(part))]

    def _wrapped(
        self, mode: str, limits: Limits, reads: Sequence[str], writes: Sequence[str], command: Sequence[str]
    ) -> list[str]:
        sizes = (int(limits.seconds) + 2, limits.memory_mb * _MIB, limits.file_mb * _MIB)
        paths = [*(f"r:{p}" for p in dict.fromkeys(reads)), *(f"w:{p}" for p in writes)]
        return [str(self.launcher), mode, *map(str, sizes), *paths, "--", *command]


def weaknesses() -> tuple[str, ...]:
    """What this system lacks for the sandbox to hold in full."""
    found = []
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        found.append("system calls are filtered on 64-bit x86 Linux only")
    elif ctypes.CDLL(None).syscall(*_LANDLOCK_VERSION) < 1:
        found.append("this Linux has no Landlock: a compiler, and code before a kernel's start, can read your files")
    return tuple(found)
