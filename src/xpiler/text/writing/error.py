"""What the writer says when a platform has no words for a piece of a program."""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.fault import Span


@dataclass(eq=False)  # not frozen: Python sets the traceback of an exception
class NotExpressible(Exception):
    """`what`, at `span`, cannot be written for the platform, because of `why`."""

    span: Span
    what: str
    why: str

    def __str__(self) -> str:
        place = f"{self.span}: " if str(self.span) else ""
        return f"{place}cannot write {self.what}: {self.why}"
