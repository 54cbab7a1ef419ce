"""Results kept on disk between runs, under a digest of everything they follow from.

A file that is missing, damaged or of another make is worked out again; a folder that cannot be written is no error.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_ADMITTED = frozenset({"xpiler.ir.nodes", "xpiler.ir.types", "xpiler.fault"})
_DIGEST = hashlib.sha256().digest_size
_VERSIONS = 4  # how many digests of one subject are kept


class _Values(pickle.Unpickler):
    """Reads values of the IR and builtin containers, and nothing that runs code."""

    def find_class(self, module: str, name: str) -> Any:
        found = getattr(import_module(module), name, None) if module in _ADMITTED else None
        if isinstance(found, type) and found.__module__ == module:
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no value of the IR")


@dataclass(frozen=True)
class Shelf:
    """The results about one subject that follow from one state of its sources."""

    folder: Path
    subject: str
    digest: str

    def kept(self, kind: str, compute: Callable[[], T]) -> T:
        """A result from disk, or computed and put there."""
        found = self.found(kind)
        if found is not None:
            value: T = found[0]
            return value
        value = compute()
        self.put(kind, value)
        return value

    def found(self, kind: str) -> tuple[Any] | None:
        """A result from disk, in a tuple of its own."""
        return _read(self._path(kind))

    def put(self, kind: str, value: object) -> None:
        """Keep a result, where the disk allows."""
        path = self._path(kind)
        try:
            data = pickle.dumps((value,), protocol=5)
        except RecursionError:  # an expression deeper than Python's stack
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(hashlib.sha256(data).digest() + data)
                os.replace(name, path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
            self._forget(kind)
        except OSError:
            return

    def _path(self, kind: str) -> Path:
        return self.folder / f"{self.subject}-{self.digest}.{kind}.pickle"

    def _forget(self, kind: str) -> None:
        """Remove all but the newest results of this kind."""
        files = self.folder.glob(f"{self.subject}-*.{kind}.pickle")
        for old in sorted(files, key=lambda f: f.stat().st_mtime_ns)[:-_VERSIONS]:
            old.unlink(missing_ok=True)


def _read(path: Path) -> tuple[Any] | None:
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    check, data = whole[:_DIGEST], whole[_DIGEST:]
    if hashlib.sha256(data).digest() != check:
        return None
    try:
        found = _Values(io.BytesIO(data)).load()
    except pickle.UnpicklingError:
        return None
    return found if isinstance(found, tuple) and len(found) == 1 else None


def digest(files: Iterable[Path]) -> str:
    """A digest of these files' names and contents, and of the Python that reads them."""
    h = hashlib.sha256(sys.version.encode())
    for file in sorted(files):
        data = file.read_bytes()
        h.update(f"\0{file.name}\0{len(data)}\0".encode())
        h.update(data)
    return h.hexdigest()[:32]
