"""The one error type a user meets: what went wrong, where, why, and what to try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """A place in a source text (1-based line and column); `comment` is the text written above it."""

    file: str = ""
    line: int = 0
    column: int = 0
    comment: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


NOWHERE = Span()


class Fault(Exception):
    """A user's mistake or a limit of the tool, in four parts and with a stable code.

    Codes: XP1xxx reading, XP2xxx checking and running, XP3xxx translating, XP4xxx toolchains.
    """

    def __init__(
        self,
        code: str,
        what: str,
        where: Span = NOWHERE,
        why: str = "",
        try_: str = "",
        source_line: str = "",
    ) -> None:
        super().__init__(what)
        self.code, self.what, self.where = code, what, where
        self.why, self.try_, self.source_line = why, try_, source_line

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        lines = [f"{place}{self.what} [{self.code}]"]
        if self.source_line:
            lines.append(f"      {self.source_line}")
            lines.append("      " + " " * max(self.where.column - 1, 0) + "^")
        if self.why:
            lines.append(f"  because  {self.why}")
        if self.try_:
            lines.append(f"  try      {self.try_}")
        return "\n".join(lines)
