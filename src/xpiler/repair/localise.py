"""From a refuted program to the statements that are likely to be at fault: the line that broke a rule or wrote the
wrong element last, and from there back along what the values come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from xpiler.repair.instrument import assignment
from xpiler.text.clang import Node
from xpiler.text.hosts.bearing import is_launch
from xpiler.text.sites import Site, Sites

_WORD = re.compile(r"[A-Za-z_]\w*")
MEANT = 3  # the distance of a call that reads what it may be meant to write
FAR = 8  # the distance of lines that nothing leads to
DECLARED = 2  # and of one that only declares what is used


@dataclass(frozen=True)
class Distances:
    """How many steps of data or control lie between a line and the first wrong one; the line itself is 0.

    `of` has the lines where statements begin, `begins` those of lines further down in one."""

    of: dict[int, int]
    begins: Mapping[int, int] = field(default_factory=dict)

    def __getitem__(self, line: int) -> int:
        return self.of.get(self.begins.get(line, line), FAR)


ANYWHERE = Distances({})  # no line is likelier than another


def distances(at: Sites, first: Iterable[int], then: Iterable[int] = ()) -> Distances:
    """Distances from the lines of a finding, those to look at `then` counting as one step from there.

    They go over the names that lines share: a line that gives a name its value is one step before those that use it,
    one that only declares it is two, a call that reads it three; what a function of the text returns is one before its
    calls; the head of a loop or a branch is one before what is in it."""
    flow = _Flow(at)
    found: dict[int, int] = {}
    waiting = [(0, flow.begin(n)) for n in first if n] + [(1, flow.begin(n)) for n in then if n]
    while waiting:
        far, line = heappop(waiting)
        if line in found:
            continue
        found[line] = far
        for name in flow.uses.get(line, ()):
            for other, step in flow.writes.get(name, {}).items():
                heappush(waiting, (far + step, other))
        for other in flow.heads.get(line, ()):
            heappush(waiting, (far + 1, other))
    return Distances(found, flow.begins)


def suspects(at: Sites, first: Iterable[int], then: Iterable[int] = ()) -> tuple[int, ...]:
    """Lines in the order in which to look at them: those of the finding, then as far as data and control go; of equally
    far ones first those closely above the finding."""
    near = distances(at, first := tuple(first), then)
    begin = tuple(dict.fromkeys(near.begins.get(f, f) for f in first if f))

    def below(line: int) -> tuple[bool, int]:
        return min(((line > f, abs(line - f)) for f in begin), default=(False, 0))

    rest = sorted((n for n in near.of if n not in begin), key=lambda n: (near[n], below(n)))
    return (*begin, *rest)


_LOOPS = ("FOR_STMT", "WHILE_STMT", "DO_STMT")
_LEAVES = {"RETURN_STMT": ("FUNCTION_DECL", "FUNCTION_TEMPLATE"), "CONTINUE_STMT": _LOOPS, "BREAK_STMT": _LOOPS}


class _Flow:
    """Name -> the lines that may change what it names, and in how many steps; line -> the names on it; line -> the
    heads around it. Lines are those where statements begin."""

    def __init__(self, at: Sites) -> None:
        self.at = at
        self.writes: dict[str, dict[int, int]] = {}
        self.uses: dict[int, set[str]] = {}
        self.heads: dict[int, set[int]] = {}
        self.begins: dict[int, int] = {}
        for s in at.every:
            if s.node.kind in ("DECL_STMT", "RETURN_STMT") or not s.node.kind.endswith("_STMT") and at.is_statement(s):
                first, last = at.place(s.start)[0], at.place(s.end)[0]
                self.begins |= dict.fromkeys(range(first + 1, last + 1), first)
        for s in at.every:
            self._add(s)

    def begin(self, line: int) -> int:
        return self.begins.get(line, line)

    def _add(self, s: Site) -> None:
        at, n = self.at, s.node
        line = self.begin(at.place(s.start)[0])
        if n.kind == "DECL_REF_EXPR":
            self.uses.setdefault(line, set()).add(n.spelling)
            for above in s.above:
                if above.kind in ("FOR_STMT", "IF_STMT", "WHILE_STMT", "SWITCH_STMT"):
                    head = at.place(at.span(above)[0])[0]
                    self.heads.setdefault(line, set()).update({head} - {line})
        if is_launch(n):  # what the kernel is given
            kernel = next((x.referenced for x in n.walk() if x.referenced is not None and x.referenced.params), None)
            for p in kernel.params if kernel is not None else ():
                self._write(p.spelling, line)
        elif n.kind == "VAR_DECL":
            self._write(n.spelling, line, 1 if n.initializer is not None else DECLARED)
        elif (sides := assignment(n)) is not None or n.unary in ("x++", "++x", "x--", "--x"):
            target = sides[0] if sides is not None else n.children[0] if n.children else n
            for name in _WORD.findall(at.source(target))[:1]:
                self._write(name, line)
        elif n.kind in _LEAVES:
            self._guard(s)
            for fn in s.above[:1] if n.kind == "RETURN_STMT" else ():
                self._write(_result(fn), line)
        elif n.kind == "CALL_EXPR":
            params = n.referenced.params if n.referenced is not None else ()
            if n.referenced is not None and n.referenced.in_text:  # into it, and back from what it returns
                self.uses.setdefault(line, set()).add(_result(n.referenced))
                for p in params:
                    self._write(p.spelling, line)
            for i, a in enumerate(n.arguments):
                named = next((x.spelling for x in a.walk() if x.kind == "DECL_REF_EXPR"), "")
                if named and a.type.kind in ("pointer", "array"):  # what it only reads may be meant to be written
                    self._write(named, line, MEANT if i < len(params) and _promised(params[i]) else 1)

    def _guard(self, s: Site) -> None:
        """A branch that leaves a function, or a pass of a loop, is around all that comes behind it there."""
        at, kinds = self.at, _LEAVES[s.node.kind]
        left = next((a for a in reversed(s.above) if a.kind in kinds), None)
        branch = next((a for a in reversed(s.above) if a.kind == "IF_STMT" or a is left), left)
        if left is None or branch is None or branch is left:
            return
        head, behind = at.place(at.span(branch)[0])[0], at.place(at.span(branch)[1])[0] + 1
        for line in range(behind, at.place(at.span(left)[1])[0] + 1):
            self.heads.setdefault(self.begin(line), set()).update({head} - {self.begin(line)})

    def _write(self, name: str, line: int, steps: int = 1) -> None:
        found = self.writes.setdefault(name, {})
        found[line] = min(found.get(line, steps), steps)


def _result(fn: Node) -> str:
    """What a function returns, as a name that nothing else has."""
    return f"{fn.spelling}()"


def _promised(p: Node) -> bool:
    """A parameter through which nothing is written."""
    return p.type.kind == "pointer" and p.type.inner is not None and p.type.inner.const
