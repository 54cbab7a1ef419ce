"""What a hole is: bytes of a text, and what could stand there."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from xpiler.repair.offers import Table
from xpiler.text.edits import Edit
from xpiler.text.sites import Sites

_WORDS = re.compile(r"[A-Za-z_]\w*")


class Kind(StrEnum):
    """What a hole is for: an integer, a pointer, any value, a value and another one, a function that is called, the
    order of its arguments, a whole statement (nothing, where one is only put in), or what the compiler has to know (a
    memory, an extent), so that every choice is a text of its own."""

    NUMBER = "number"
    POINTER = "pointer"
    VALUE = "value"
    COMBINED = "combined"
    FUNCTION = "function"
    ORDER = "order"
    STATEMENT = "statement"
    FIXED = "fixed"


# What is chosen by a compiler where the compiler has to know it.
_ALONE = (Kind.NUMBER, Kind.POINTER, Kind.VALUE, Kind.FIXED)


@dataclass(frozen=True)
class Choice:
    """What could stand in a hole, what that changes in words, and how large a change it is. `wider`: a type of usual
    width in the place of a narrow one; `memory`: another memory."""

    spelled: str
    what: str
    cost: float
    wider: bool = False
    memory: bool = False


class Radix(Sequence[Choice]):
    """Choices as numbers in mixed radix: digits, each with how large a change it is, and what they spell together."""

    def __init__(
        self, base: float, digits: Sequence[Sequence[tuple[str, float]]], spell: Callable[[Sequence[str]], str],
        before: str = "", behind: str = "",
    ) -> None:
        self.base, self.digits, self.spell, self.before, self.behind = base, digits, spell, before, behind

    def __len__(self) -> int:
        return math.prod(len(d) for d in self.digits)

    def __getitem__(self, n: int) -> Choice:  # type: ignore[override]
        if not 0 <= n < len(self):
            raise IndexError(n)
        cost, chosen = self.base, []
        for d in self.digits:
            n, i = divmod(n, len(d))
            cost += d[i][1]
            chosen.append(d[i][0])
        spelled = self.spell(chosen)
        return Choice(spelled, f"{self.before}{spelled.rstrip(';')}{self.behind}", cost)

    @property
    def costs(self) -> list[float]:
        out = [self.base]
        for d in self.digits:
            out = [more + cost for _, cost in d for more in out]
        return out


def mixed(texts: Sequence[str], digit: str) -> str:
    """An expression that is one of these, by a digit of the choice."""
    out = f"({texts[-1]})"
    for n in range(len(texts) - 2, -1, -1):
        out = f"({digit} == {n} ? ({texts[n]}) : {out})"
    return out


@dataclass(frozen=True)
class Hole:
    """Bytes of a text and what could stand there.

    `program`: what does the choice `xp_c`, counted from 0, where choices are too many to be spelled one by one. With
    `acts`, what is done with the value x that stands there and another one y, it is the type of both; of a function
    that of a pointer to it."""

    start: int
    end: int
    line: int
    kind: Kind
    choices: Sequence[Choice]
    names: frozenset[str] = frozenset()  # the words that stand there
    program: str = ""
    acts: tuple[str, ...] = ()
    table: Table | None = None  # of functions that `program` or the choices are among

    @property
    def costs(self) -> Sequence[float]:
        """How large a change each choice is."""
        return self.choices.costs if isinstance(self.choices, Radix) else [c.cost for c in self.choices]

    @property
    def length(self) -> int:
        """How many characters it takes to leave it open."""
        return len(self.program) or sum(len(c.spelled) for c in self.choices)

    def edit(self, choice: int) -> Edit:
        """The change that makes a choice, counted from 1."""
        return Edit(self.start, self.end, self.choices[choice - 1].spelled)


@dataclass
class Made:
    """Holes by the bytes they cover, as they are found."""

    at: Sites
    found: dict[tuple[int, int, Kind], dict[str, Choice]] = field(default_factory=dict)
    programs: list[tuple[int, str, Sequence[Choice], Table | None]] = field(default_factory=list)
    types: dict[tuple[int, int], tuple[str, Table | None]] = field(default_factory=dict)
    around: list[tuple[int, int, str, tuple[str, ...], Radix]] = field(default_factory=list)

    def add(
        self, span: tuple[int, int], new: str, what: str, cost: float, kind: Kind = Kind.VALUE, wider: bool = False,
        memory: bool = False,
    ) -> None:
        start, end = span
        if end < start or end == start and kind not in (Kind.STATEMENT, Kind.FIXED):
            return
        if new.split() != self.at.data[start:end].decode().split():
            choices, what = self.found.setdefault((start, end, kind), {}), " ".join(what.split())
            if new not in choices or cost < choices[new].cost:  # as likely as what makes it likeliest
                choices[new] = Choice(new, what, cost, wider, memory)

    def holes(self) -> tuple[Hole, ...]:
        out, sized = [], [(s.start, s.end) for s in self.at.every if s.node.kind == "CXX_UNARY_EXPR"]
        for (start, end, kind), choices in self.found.items():
            if any(a < start and end <= b for a, b in sized):
                continue  # of one of several arrays `sizeof` would tell a pointer's size
            line, _ = self.at.place(start)
            words = frozenset(_WORDS.findall(self.at.data[start:end].decode()))
            if self.at.is_fixed(start, end) and start < end:
                if kind not in _ALONE:
                    continue
                kind = Kind.FIXED
            program, among = self.types.get((start, end), ("", None)) if kind is Kind.FUNCTION else ("", None)
            out.append(Hole(start, end, line, kind, tuple(choices.values()), words, program, table=among))
        for start, program, some, among in self.programs:
            line, _ = self.at.place(start)
            out.append(Hole(start, start, line, Kind.STATEMENT, some, program=program, table=among))
        for start, end, ctype, acts, radix in self.around:
            line, _ = self.at.place(start)
            out.append(Hole(start, end, line, Kind.COMBINED, radix, program=ctype, acts=acts))
        return tuple(sorted(out, key=lambda h: (h.start, h.start < h.end, -h.end, h.kind is not Kind.STATEMENT)))
