"""The one error type a user meets: what went wrong, where, why, and what to try."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xpiler.advice import advice


@dataclass(frozen=True, order=True)
class Span:
    """A place in a source text (1-based line and column); `comment` is the text written above it."""

    file: str = ""
    line: int = 0
    column: int = 0
    comment: str = ""

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


NOWHERE = Span()
MOST = 20  # a file's messages beyond these are only counted
WIDEST = 160  # columns of a line that are shown
# What a mistake in xpiler itself raises: where one way out of several is tried, it costs that one.
BROKEN = (KeyError, IndexError, TypeError, ValueError, AssertionError, RecursionError)


class Fault(Exception):
    """A user's mistake or a limit of the tool, in four parts and with a stable code.

    Where nothing more particular is said, why and try are those of the code.
    Codes: XP1xxx reading, XP2xxx checking and running, XP3xxx translating, XP4xxx toolchains, XP5xxx language models.
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
        usual = advice(code)
        self.why, self.try_, self.source_line = why or usual[0], try_ or usual[1], source_line

    @property
    def every(self) -> tuple[Fault, ...]:
        """This one, or all of them where several were found."""
        return (self,)

    @property
    def of_machine(self) -> bool:
        """Whether it is this machine that failed, so that nothing is said about a text."""
        return self.code in ("XP4001", "XP4004")

    def __str__(self) -> str:
        return told(self.code, self.what, self.where, self.why, self.try_, self.source_line)

    def to_json(self) -> dict[str, object]:
        """Plain data for `--json`."""
        return {
            "code": self.code, "what": self.what, "where": str(self.where), "file": self.where.file,
            "line": self.where.line, "column": self.where.column, "why": self.why, "try_": self.try_,
            "source_line": self.source_line,
        }


class Faults(Fault):
    """Several Faults of one file, in the order of its lines; it can stand wherever its first one can."""

    def __init__(self, found: tuple[Fault, ...], left_out: int = 0) -> None:
        first = found[0]
        super().__init__(first.code, first.what, first.where, first.why, first.try_, first.source_line)
        self.found, self.left_out = found, left_out

    @property
    def every(self) -> tuple[Fault, ...]:
        return self.found

    def __str__(self) -> str:
        more = [f"and {self.left_out} more"] if self.left_out else []
        return "\n".join([*map(str, self.found), *more])


def together(faults: Iterable[Fault]) -> Fault:
    """One Fault for all of these (at least one): sorted, each place and text once, no more than MOST."""
    once: dict[tuple[str, Span, str], Fault] = {}
    for f in (each for given in faults for each in given.every):
        once.setdefault((f.code, f.where, f.what), f)
    found = sorted(once.values(), key=lambda f: (f.where.line, f.where.column))
    return found[0] if len(found) == 1 else Faults(tuple(found[:MOST]), max(len(found) - MOST, 0))


def told(code: str, what: str, where: Span, why: str = "", try_: str = "", source_line: str = "") -> str:
    """A message in its four parts, the line it is about with a caret below the column."""
    place = f"{where}: " if str(where) else ""
    lines = [f"{place}{what} [{code}]" if code else f"{place}{what}"]
    if source_line.strip():
        shown, column = _window(source_line, where.column)
        lines.append(f"      {shown}")
        if column:
            before = shown[: column - 1].ljust(column - 1)
            lines.append("      " + "".join("\t" if c == "\t" else " " for c in before) + "^")
    if why:
        lines += _hanging("  because  ", why)
    if try_:
        lines += _hanging("  try      ", try_)
    return "\n".join(lines)


def _window(line: str, column: int) -> tuple[str, int]:
    """A line and a column in it; of a line too wide to show the part around the column."""
    if len(line) <= WIDEST:
        return line, column
    start = min(max(column - WIDEST // 2, 0), len(line) - WIDEST)
    part = line[start : start + WIDEST]
    shown = ("..." if start else "") + part + ("..." if start + WIDEST < len(line) else "")
    return shown, column - start + (3 if start else 0) if column else 0


def _hanging(label: str, text: str) -> list[str]:
    first, *rest = text.splitlines()
    return [label + first, *(" " * len(label) + line for line in rest)]
