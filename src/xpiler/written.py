"""Writing a result: all of it or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from xpiler.fault import Fault, Span


def check_writable(out: Path) -> None:
    folder = out.parent
    if out.is_dir():
        raise _not_writable(out, "it is a directory")
    if not folder.is_dir():
        raise _not_writable(out, f"there is no directory {folder}")
    if not os.access(folder, os.W_OK):
        raise _not_writable(out, f"{folder} may not be written to")


def _not_writable(out: Path, why: str) -> Fault:
    return Fault("XP3010", f"cannot write {out}", Span(str(out)), why=why, try_="another path for -o")


def write_whole(out: Path, text: str) -> None:
    """All of it or nothing: a file beside it, then a rename."""
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    except OSError as e:
        raise _not_writable(out, e.strerror or str(e)) from e
    try:
        with os.fdopen(handle, "w") as f:
            f.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, out)
    except OSError as e:
        raise _not_writable(out, e.strerror or str(e)) from e
    finally:
        Path(name).unlink(missing_ok=True)
