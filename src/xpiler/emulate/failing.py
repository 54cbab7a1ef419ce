"""When building or running fails for want of something on this machine: a Fault that says nothing about the text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xpiler.fault import Fault


@contextmanager
def on_this_machine() -> Iterator[None]:
    """What the system refuses meanwhile (room on disk, memory, processes) is XP4004."""
    try:
        yield
    except OSError as failure:
        raise failed(f"{failure.filename}: {failure.strerror}" if failure.filename else str(failure)) from failure


def failed(what: str) -> Fault:
    return Fault("XP4004", what)
