"""Once: what every iteration of a loop does with near arrays, always with the same result, is done once before it.

    for r in rows:                                      ->      weight = reordered columns
        weight = reordered columns                              for r in rows:
        out[r] = row r times weight                                 out[r] = row r times weight
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from xpiler.ir.nodes import PLAIN, Addr, Alloc, Atomic, Buffer, For, Intrinsic, Kernel, Load, Meaning, Stmt, Store, Var
from xpiler.ir.walk import (
    Body, buffers_used, buffers_written, expressions, map_stmts, scalars_read, scalars_written, statements,
    subexpressions, walk,
)


@dataclass(frozen=True)
class Effects:
    """Which arrays calls change and read: `copy` the first and the second it is given, others what they mean does."""

    meanings: Mapping[tuple[str, str], Meaning]
    copy: str

    @cached_property
    def _known(self) -> dict[str, tuple[frozenset[int], frozenset[int]]]:
        """By name, the positions of what is changed, and of what is read."""
        out: dict[str, tuple[frozenset[int], frozenset[int]]] = {}
        for (name, _), m in self.meanings.items():
            arrays = {p.name: n for n, p in enumerate(m.params) if isinstance(p, Buffer)}
            used = {x.buffer for x in walk(m.body) if isinstance(x, Load | Addr | Atomic)}
            before = out.get(name, (frozenset(), frozenset()))
            out[name] = (before[0] | {n for a, n in arrays.items() if a in buffers_written(m.body)},
                         before[1] | {n for a, n in arrays.items() if a in used})
        return out | {self.copy: (frozenset({0}), frozenset({1}))}

    def written(self, body: Body) -> frozenset[str]:
        """The arrays that statements may change, however deep."""
        return frozenset().union(*(self._own(s)[0] for s in statements(body)))

    def read(self, body: Body) -> frozenset[str]:
        """The arrays whose elements statements may read, however deep."""
        return frozenset().union(*(self._own(s)[1] for s in statements(body)))

    def _own(self, s: Stmt) -> tuple[frozenset[str], frozenset[str]]:
        loaded = {x.buffer for e in expressions(s) for x in subexpressions(e) if isinstance(x, Load)}
        if not isinstance(s, Intrinsic):
            stored = {s.buffer} if isinstance(s, Store | Atomic) else set[str]()
            return frozenset(stored), frozenset(loaded | (stored if isinstance(s, Atomic) else set()))
        everything = frozenset(range(len(s.args)))
        changed, used = ({a.buffer for n, a in enumerate(s.args) if n in at and isinstance(a, Addr)}
                         for at in self._known.get(s.name, (everything, everything)))
        result = {s.result.buffer} if isinstance(s.result, Addr) else set[str]()
        return frozenset(changed | result), frozenset(used | loaded)


@dataclass(frozen=True)
class Once:
    """Take statements out of loops, the innermost first; `effects` says what calls of a platform change."""

    effects: Effects

    def apply(self, kernel: Kernel) -> Kernel:
        def one(s: Stmt) -> Stmt | Body:
            if not isinstance(s, For) or s.kind not in PLAIN:
                return s
            before, within = self._parted(kernel, s)
            return (*before, replace(s, body=within)) if before else s

        return replace(kernel, body=map_stmts(kernel.body, one))

    def _parted(self, kernel: Kernel, loop: For) -> tuple[list[Stmt], Body]:
        """The statements of a loop that are done before it, and those that stay."""
        own = {s.buffer.name for s in statements(kernel.body) if isinstance(s, Alloc)}
        elsewhere = frozenset(_uses(kernel.body) - _uses((loop,)))
        changing, before, kept, at = scalars_written(loop), list[Stmt](), list(loop.body), 0
        while at < len(kept):
            end = at
            while end < len(kept) and self._plain(kept[end]):
                end += 1
            for n in range(end, at, -1):  # what belongs together goes together
                part, rest = tuple(kept[at:n]), (*kept[:at], *kept[n:])
                free = not scalars_read(part) & (changing - _loops(part)) and buffers_used(part) <= own
                if free and self._alike(part, tuple(kept[:at]), rest, elsewhere):
                    before += part
                    del kept[at:n]
                    break
            else:
                at += 1
        used = buffers_used(tuple(before))
        moved = [s for s in kept if isinstance(s, Alloc) and s.buffer.name in used]
        return [*moved, *before], tuple(s for s in kept if not any(s is m for m in moved))

    def _alike(self, part: Body, first: Body, rest: Body, elsewhere: frozenset[str]) -> bool:
        """Whether statements leave the same in every iteration, and nobody sees them do so again."""
        made, used = self.effects.written(part), buffers_used(part)
        others = buffers_used(rest) | elsewhere
        goes_on = made & self.effects.read(part) & others  # from what it made before
        return not (goes_on or used & self.effects.written(rest) or made & (buffers_used(first) | elsewhere))

    def _plain(self, s: Stmt) -> bool:
        """Calls alone, and loops of them, that return nothing."""
        return isinstance(s, Intrinsic | For) and all(
            isinstance(x, For) and x.kind in PLAIN or isinstance(x, Intrinsic) and x.result is None
            for x in statements((s,)))


def _loops(body: Body) -> frozenset[Var]:
    return frozenset(x.var for x in statements(body) if isinstance(x, For))


def _uses(body: Body) -> Counter[str]:
    return Counter(x.buffer for x in walk(body) if isinstance(x, Load | Addr | Store | Atomic))
