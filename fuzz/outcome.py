"""How a case ended, and which endings are finds."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True)
class Outcome:
    """`kind`: fine, fault, exception, left, survivor, signal or hang; `what` is the same for the same bug."""

    kind: str
    what: str
    detail: str = ""

    @property
    def is_find(self) -> bool:
        return self.kind not in ("fine", "fault")

    @property
    def shape(self) -> str:
        """What tells outcomes apart: the message without the names and numbers of the text."""
        plain = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"", "_", self.what)
        return f"{self.kind} {re.sub(r'[0-9]+', '0', plain)}"[:300]


def of_exception(e: BaseException) -> Outcome:
    """An exception that should have been a Fault, by its type and the place in xpiler it came from."""
    told = "".join(traceback.format_exception(e))
    return Outcome("exception", f"{type(e).__name__} in {_place(e.__traceback__)}", told)


def _place(trace: TracebackType | None) -> str:
    frames = [f for f in traceback.extract_tb(trace) if "xpiler" in f.filename]
    if not frames:
        return "?"
    last = frames[-1]
    return f"{last.filename.rsplit('xpiler/', 1)[-1]}:{last.name}"
