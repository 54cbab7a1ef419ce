"""Bulk: what a body copies from or to far memory piece by piece is copied at once.

    for k in 3: for l in 3:                             ->      copy near = x[0 ..], 3 rows of 192
        copy near = x[k * 512 + l * 64 ..], 64                  for k in 3: for l in 3:
        work on near                                                work on near[k * 192 + l * 64 ..]

A copy that is started takes the time of many bytes that are carried: where the elements a body touches are rectangles
that fit next to it, they come before it, or go behind it, in as few copies as these have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xpiler.facts.accesses import names_of_values
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import PLAIN, Alloc, Const, Expr, For, If, Kernel, Var
from xpiler.ir.walk import Body, buffers_used, statements
from xpiler.passes.near.moves import Mover, length
from xpiler.passes.near.staged import Staged, named_in

WORTH = 0.75  # of the cost before, at most
MOST = 32  # arrays that are staged


@dataclass(frozen=True)
class InBulk:
    """Stage what bodies of a kernel copy in pieces, each array where that saves most; `room` is how many bytes of the
    mover's near memory there are."""

    mover: Mover
    room: int

    def apply(self, kernel: Kernel) -> Kernel:
        for _ in range(MOST):
            best = self._best(kernel)
            if best is None:
                break
            kernel = best.applied()
        return kernel

    def _best(self, kernel: Kernel) -> Staged | None:
        """What saves most of all that fits."""
        left, arrays = self.room - held(kernel, self.mover.space), self.mover.one_way(kernel)
        best: Staged | None = None
        most = 0
        for place in _places(kernel):
            for array in sorted(arrays & buffers_used(place.body)):
                try:
                    made = Staged(self.mover, kernel, place.body, array, place.named)
                except Unsummarised:
                    continue
                saved = (made.before - made.after) * place.runs
                if saved > most and made.after <= WORTH * made.before and made.takes <= left:
                    best, most = made, saved
        return best


@dataclass(frozen=True)
class _Place:
    """A list of statements, how often it runs, and the names that expressions have there."""

    body: Body
    runs: int
    named: Mapping[Expr, Var]


def _places(kernel: Kernel) -> Iterator[_Place]:
    """The lists of statements within all axes of a kernel, the outermost first."""
    lets = names_of_values(kernel.body)

    def within(body: Body, runs: int, named: Mapping[Expr, Var]) -> Iterator[_Place]:
        if not any(isinstance(s, For) and s.kind not in PLAIN for s in statements(body)):
            yield _Place(body, runs, named)
        for n, s in enumerate(body):
            known = {**named, **named_in(body[:n], lets)}
            match s:
                case For(kind=kind, body=inner):
                    yield from within(inner, runs * (length(s) if kind in PLAIN else 1), known)
                case If(then=then, orelse=orelse):
                    yield from within(then, runs, known)
                    yield from within(orelse, runs, known)

    yield from within(kernel.body, 1, {})


def held(kernel: Kernel, space: str) -> int:
    """Bytes the kernel has in a memory."""
    held = [s.buffer for s in statements(kernel.body) if isinstance(s, Alloc) and s.buffer.space == space]
    return sum(int(b.extent.value) * b.dtype.bytes for b in held if isinstance(b.extent, Const))
