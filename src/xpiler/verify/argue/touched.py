"""What a walk over a kernel finds: the arrays there are, who touches which element when, and where threads meet."""

from __future__ import annotations

from dataclasses import dataclass, field

from xpiler.fault import Span
from xpiler.verify.argue.terms import BLOCK, THREAD, Atom, Cond, Poly

READ, WRITE, ATOMIC = "reads", "writes", "changes atomically"
BRANCH, EXIT, FACT = "branch", "exit", "fact"  # why a condition is on a path


@dataclass(frozen=True, eq=False)
class Memory:
    """One array of one launch; `scope` is who shares it (a Space's scope), `inside` the parallel loops it is local to.

    `stable`: the kernel never writes it. `table`: the range of an integer table's values. `cut_from`: the array of
    bytes in the text that it is a stretch of."""

    number: int
    name: str
    extent: Poly | None
    scope: str
    inside: frozenset[int] = frozenset()
    stable: bool = False
    table: tuple[int, int] | None = None
    space: str = ""
    cut_from: str = ""


@dataclass(frozen=True)
class Float:
    """A floating-point value as it was computed: the shape of the expression, and the integers in its leaves."""

    shape: str
    leaves: tuple[Poly, ...] = ()

    @property
    def level(self) -> int:
        return max((p.level for p in self.leaves), default=0)


Axes = tuple[tuple[str, Poly, Poly], ...]  # the parallel axes around a place: kind, index, extent
Value = Poly | Cond | Float | None  # None: nobody followed it


def level_of_axis(kind: str) -> int:
    """Whether an axis numbers threads of a group, or groups."""
    return THREAD if kind.startswith("thread") or kind == "core" else BLOCK


@dataclass(frozen=True)
class Step:
    """One condition of a path, and why it is there."""

    cond: Cond
    why: str = BRANCH


@dataclass(frozen=True, eq=False)
class Access:
    """memory[index], under all of `path`. `value` is what a write leaves there. `late`: an asynchronous copy does it.

    `one_lane`: a warp's instruction, which touches each element once for the warp."""

    memory: Memory
    index: Poly
    kind: str
    path: tuple[Step, ...]
    span: Span
    kernel: str
    value: Value = None
    late: str = ""
    one_lane: bool = False
    inside: frozenset[int] = frozenset()
    axes: Axes = ()

    @property
    def conds(self) -> tuple[Cond, ...]:
        return tuple(s.cond for s in self.path)


@dataclass(frozen=True)
class Entry:
    """An access in an interval between barriers, and what must hold for it to be in this one."""

    access: Access
    extra: tuple[Cond, ...] = ()


Interval = tuple[Entry, ...]


@dataclass(frozen=True, eq=False)
class Early:
    """Two accesses of one thread to one array: the first is still to come, under conditions, when it does the second.

    `unsure`: how the two are ordered is not known."""

    first: Access
    then: Access
    conds: tuple[Cond, ...]
    unsure: bool


@dataclass(frozen=True, eq=False)
class Meeting:
    """A barrier, and the path on which a thread comes to it."""

    scope: str
    path: tuple[Step, ...]
    span: Span
    kernel: str
    axes: Axes = ()


@dataclass(frozen=True, eq=False)
class Together:
    """What the lanes of a warp carry out as one, the path on which a lane comes to it, and what it gives.

    `turns`: the counters of the loops around it in which threads are wherever they are."""

    name: str
    operands: tuple[Poly, ...]
    path: tuple[Step, ...]
    span: Span
    kernel: str
    axes: Axes
    turns: frozenset[Atom]


@dataclass(frozen=True, eq=False)
class Advance:
    """By how much a loop goes on, where that is not plainly more than nothing: `begins` is whether it has a first
    iteration, `stays` whether it then never gets to its end, `left` whether something in it may end it early."""

    step: Poly
    begins: Cond
    stays: Cond
    path: tuple[Step, ...]
    span: Span
    kernel: str
    axes: Axes
    left: bool
    past: bool = False  # by going beyond the end of its counter's type


@dataclass(frozen=True, eq=False)
class Overflow:
    """A signed number that may be larger than its type holds."""

    value: Poly
    outside: Cond
    path: tuple[Step, ...]
    span: Span
    kernel: str
    axes: Axes


@dataclass
class Found:
    """Everything of one walk over all launches of a program."""

    accesses: list[Access] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    early: list[Early] = field(default_factory=list)
    together: list[Together] = field(default_factory=list)
    advances: list[Advance] = field(default_factory=list)
    overflows: list[Overflow] = field(default_factory=list)
    doubts: list[tuple[str, Span]] = field(default_factory=list)  # why an argument about all of it is not possible
    parallel: dict[int, Poly] = field(default_factory=dict)  # parallel loops and the variables that count them
    filled: dict[str, None] = field(default_factory=dict)  # arrays taken to hold what was stored there before
