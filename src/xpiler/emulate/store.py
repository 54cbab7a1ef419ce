"""Finished files by content: made once, published whole, found again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


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

    @contextmanager
    def missing(self, target: Path) -> Iterator[bool]:
        """Whether `target` has still to be made; others who want it wait until the block ends."""
        if target.exists():
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
