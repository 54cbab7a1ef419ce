"""Loop reorder: two perfectly nested loops change places.

    for i in m: for j in n: y[i*n+j] = f(i, j)        ->        for j in n: for i in m: y[i*n+j] = f(i, j)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from xpiler.facts.independence import independent
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Alloc, Assign, Barrier, For, Intrinsic, Kernel, Let, Load, Shuffle, Store
from xpiler.ir.walk import scalars_read, scalars_written, statements, walk
from xpiler.passes.split import loop_named, stays, swapped
from xpiler.passes.step import NotApplicable, applying
from xpiler.platforms.platform import Platform


@dataclass(frozen=True)
class Reorder:
    """Exchange `outer` with the loop that is its whole body.

    Applies when the iterations of one of the two are independent, wherever in the nest it stands, or when they meet in
    sums alone: every array stored to is read only at the index it is stored at."""

    outer: str

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """Every pair of loops that can change places."""
        for loop in (s for s in statements(kernel.body) if isinstance(s, For)):
            yield from applying(kernel, cls(loop.var.name))

    def apply(self, kernel: Kernel) -> Kernel:
        a = loop_named(kernel, self.outer)
        if len(a.body) != 1 or not isinstance(a.body[0], For):
            raise NotApplicable(f"`{self.outer}` holds more than one loop", a.span)
        b = a.body[0]
        stays(a)
        stays(b)
        bounds = scalars_read(b.start) | scalars_read(b.stop) | scalars_read(b.step)
        if a.var in bounds or bounds & scalars_written(b.body):
            raise NotApplicable(f"the bounds of `{b.var.name}` depend on `{self.outer}`", b.span)
        if (scalars_read(a.start) | scalars_read(a.stop) | scalars_read(a.step)) & scalars_written(b.body):
            raise NotApplicable(f"the bounds of `{self.outer}` change in the nest", a.span)
        ends = (a.start, a.stop, a.step, b.start, b.stop, b.step)
        if any(isinstance(e, Load) for bound in ends for e in walk(bound)):
            raise NotApplicable("a bound is read from memory", a.span)
        inner = replace(a, body=b.body)
        made = replace(kernel, body=swapped(kernel.body, a, replace(b, body=(inner,))))
        if not (_apart(kernel, a) or _apart(made, replace(b, body=(inner,))) or _sums(b)):
            raise NotApplicable("iterations depend on each other in another way than by a sum into one element", b.span)
        return made


def _apart(kernel: Kernel, loop: For) -> bool:
    """No iteration of a loop needs another one."""
    try:
        independent(kernel, loop)
    except Unsummarised:
        return False
    return True


def _sums(loop: For) -> bool:
    """Iterations meet only in elements that each of them reads and stores at the same index, by a sum."""
    if any(isinstance(s, Barrier | Shuffle | Intrinsic | Alloc) for s in statements(loop.body)):
        return False
    local = {s.var for s in statements(loop.body) if isinstance(s, Let | For)}
    if (scalars_written(loop.body) - local) or any(
            isinstance(s, Assign) and s.var not in local for s in statements(loop.body)):
        return False
    stored: dict[str, list[Store]] = {}
    for s in statements(loop.body):
        if isinstance(s, Store):
            stored.setdefault(s.buffer, []).append(s)
    if any(len(places) != 1 or not _accumulates(places[0]) for places in stored.values()):
        return False
    reads = Counter(e.buffer for e in walk(loop.body) if isinstance(e, Load))
    return all(reads[buffer] == 1 for buffer in stored)  # by the sum itself


def _accumulates(s: Store) -> bool:
    """buffer[i] = buffer[i] op term, for an op whose order does not matter, the term free of the buffer."""
    v = s.value
    old = Load(s.buffer, s.index, v.dtype)
    match v:
        case _ if getattr(v, "op", "") in ("+", "*"):
            a, b = v.a, v.b  # type: ignore[union-attr]
        case _ if getattr(v, "name", "") in ("max", "min"):
            a, b = v.args  # type: ignore[union-attr]
        case _ if getattr(v, "name", "") == "fma":
            x, y, b = v.args  # type: ignore[union-attr]
            return b == old and not any(isinstance(e, Load) and e.buffer == s.buffer for t in (x, y) for e in walk(t))
        case _:
            return False
    term = b if a == old else a if b == old else None
    return term is not None and not any(isinstance(e, Load) and e.buffer == s.buffer for e in walk(term))
