"""Finished files by content: made once, published whole, found again; those long unused make room."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KEPT = 4 << 30  # bytes of finished files; what is over is removed, the longest unused first
_IN_USE, _OFTEN = 3600.0, 600.0  # seconds: what was used since then stays; how often sizes are added up
_TIDIED = ".tidied"  # a file as old as the last time


def digest(*parts: str) -> str:
    """A key for these texts."""
    h = hashlib.sha256()
    for part in parts:
        data = part.encode()
        h.update(len(data).to_bytes(8, "little") + data)
    return h.hexdigest()[:32]


def default_folder() -> Path:
    """This user's own folder; the command line passes another where the system names one."""
    return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "xpiler"


@dataclass(frozen=True)
class Store:
    """A folder of finished files that processes share."""

    root: Path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder to work in, on the same file system, gone afterwards."""
        (self.root / "tmp").mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.root / "tmp") as name:
            yield Path(name)

    def has(self, target: Path) -> bool:
        """Whether `target` is finished; it counts as used now."""
        try:
            os.utime(target)
        except FileNotFoundError:
            return False
        except OSError:  # somebody else's, to be read alone
            return target.exists()
        return True

    @contextmanager
    def missing(self, target: Path) -> Iterator[bool]:
        """Whether `target` has still to be made; others who want it wait until the block ends."""
        if self.has(target):
            yield False
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_name(target.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield not target.exists()

    def publish(self, scratch: Path, target: Path, keep: Sequence[str]) -> None:
        """Move finished files to `target`, all at once; whoever comes first wins."""
        target.parent.mkdir(parents=True, exist_ok=True)
        ready = Path(tempfile.mkdtemp(dir=self.root / "tmp"))
        for name in keep:
            (scratch / name).rename(ready / name)
        try:
            ready.rename(target)
        except OSError:
            shutil.rmtree(ready)
        if self._due():
            self.tidy(KEPT)

    def tidy(self, kept: int, in_use: float = _IN_USE) -> None:
        """Remove the longest unused files until `kept` bytes are left; nothing used in the last `in_use` seconds."""
        now, total = time.time(), 0
        found = [(folder.stat().st_mtime, folder) for kind in ("run/*/*", "base/*") for folder in self.root.glob(kind)
                 if folder.is_dir()]
        for used, folder in sorted(found, reverse=True):
            try:
                total += sum(file.stat().st_size for file in folder.iterdir())
                if total > kept and now - used > in_use:
                    away = Path(tempfile.mkdtemp(dir=self.root / "tmp"))
                    folder.rename(away / folder.name)  # whole or not at all, as it came
                    shutil.rmtree(away)
            except FileNotFoundError:  # another process tidies too
                continue

    def _due(self) -> bool:
        stamp = self.root / _TIDIED
        try:
            if time.time() - stamp.stat().st_mtime < _OFTEN:
                return False
        except FileNotFoundError:
            stamp.touch()
            return False  # a new folder
        stamp.touch()
        return True
