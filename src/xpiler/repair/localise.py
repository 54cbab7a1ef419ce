"""From a refuted program to the statements that are likely to be at fault: the line that broke a rule or wrote the
wrong element last, and from there back along what the values come from."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from xpiler.text.host_bearing import is_launch
from xpiler.text.sites import Sites

_WORD = re.compile(r"[A-Za-z_]\w*")
FAR = 8  # the distance of lines that nothing leads to


@dataclass(frozen=True)
class Distances:
    """How many steps of data or control lie between a line and the first wrong one; the line itself is 0."""

    of: dict[int, int]

    def __getitem__(self, line: int) -> int:
        return self.of.get(line, FAR)


def distances(at: Sites, first: Iterable[int]) -> Distances:
    """Distances from the lines of a finding, over the names that lines share: a line that gives a name its value is one
    step before those that use it; the head of a loop or a branch one before what is in it."""
    writes, uses, heads = _flow(at)
    found = {line: 0 for line in first if line}
    todo = deque(found)
    while todo:
        line = todo.popleft()
        before = {w for name in uses.get(line, ()) for w in writes.get(name, ())} | heads.get(line, set())
        for other in before - set(found):
            found[other] = found[line] + 1
            todo.append(other)
    return Distances(found)


def suspects(at: Sites, first: Iterable[int]) -> tuple[int, ...]:
    """Lines in the order in which to look at them: those of the finding, then as far as data and control go; of equally
    far ones first those closely above the finding."""
    first = tuple(first)
    near = distances(at, first)

    def below(line: int) -> tuple[bool, int]:
        return min(((line > f, abs(line - f)) for f in first), default=(False, 0))

    rest = sorted((n for n in near.of if n not in first), key=lambda n: (near[n], below(n)))
    return (*dict.fromkeys(f for f in first if f), *rest)


def _flow(at: Sites) -> tuple[dict[str, set[int]], dict[int, set[str]], dict[int, set[int]]]:
    """Name -> the lines that may change what it names; line -> the names on it; line -> the heads around it."""
    writes: dict[str, set[int]] = {}
    uses: dict[int, set[str]] = {}
    heads: dict[int, set[int]] = {}
    for s in at.every:
        line, _ = at.place(s.start)
        n = s.node
        if n.kind == "DECL_REF_EXPR":
            uses.setdefault(line, set()).add(n.spelling)
            for above in s.above:
                if above.kind in ("FOR_STMT", "IF_STMT", "WHILE_STMT", "SWITCH_STMT"):
                    heads.setdefault(line, set()).add(at.place(at.span(above)[0])[0])
        if is_launch(n):  # what the kernel is given
            kernel = next((x.referenced for x in n.walk() if x.referenced is not None and x.referenced.params), None)
            for p in kernel.params if kernel is not None else ():
                writes.setdefault(p.spelling, set()).add(line)
        if n.kind == "VAR_DECL":
            writes.setdefault(n.spelling, set()).add(line)
        elif n.kind == "COMPOUND_ASSIGNMENT_OPERATOR" or n.binary == "=" or n.unary in ("x++", "++x", "x--", "--x"):
            target = n.children[0] if n.children else n
            for name in _WORD.findall(at.source(target))[:1]:
                writes.setdefault(name, set()).add(line)
        elif n.kind == "CALL_EXPR":
            for a in n.arguments:
                named = next((x.spelling for x in a.walk() if x.kind == "DECL_REF_EXPR"), "")
                if named and a.type.kind in ("pointer", "array"):
                    writes.setdefault(named, set()).add(line)
    return writes, uses, heads
