"""Traffic: what a kernel moves between far memory and the near one, and what that costs a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from xpiler.facts.accesses import names_of_values
from xpiler.facts.polynomial import expanded, least_of
from xpiler.ir.nodes import PLAIN, Buffer, Const, Expr, For, Kernel, Load, Store, Var
from xpiler.ir.walk import Body, bodies, expressions, subexpressions
from xpiler.passes.near.moves import GUESS, SINGLE, Mover, length


@dataclass(frozen=True)
class Moved:
    """What a statement moves each time: so many bytes of a far array, at an index over loops and parameters."""

    array: str
    index: Expr
    bytes: int
    cost: int
    alone: bool  # a scalar
    runs: int


def moved(mover: Mover, kernel: Kernel, body: Body) -> Iterator[Moved]:
    """All that a body of a kernel moves between far memory and the near one; axes are run along once."""
    far = {p.name for p in kernel.params if isinstance(p, Buffer)}
    lets = names_of_values(kernel.body)

    def single(place: Load | Store, runs: int) -> Moved:
        size = (place.value if isinstance(place, Store) else place).dtype.bytes
        return Moved(place.buffer, expanded(place.index, lets), size, SINGLE, True, runs)

    def within(body: Body, runs: int) -> Iterator[Moved]:
        for s in body:
            m = mover.read(s)
            if m is not None:
                many = most_of(m.count, lets) or GUESS
                yield Moved(m.far.buffer, expanded(m.far.index, lets), m.rows * many * m.far.dtype.bytes,
                            m.cost(many), False, runs)
            if isinstance(s, Store) and s.buffer in far:
                yield single(s, runs)
            for e in expressions(s):
                yield from (single(x, runs) for x in subexpressions(e) if isinstance(x, Load) and x.buffer in far)
            again = runs_of(s, lets) if isinstance(s, For) and s.kind in PLAIN else 1
            for part in bodies(s):
                yield from within(part, runs * again)

    return within(body, 1)


def runs_of(f: For, lets: Mapping[Var, Expr]) -> int:
    """How often a loop runs at most, or a guess."""
    if isinstance(f.stop, Const) or f.step != Const(1, f.var.dtype) or f.start != Const(0, f.var.dtype):
        return length(f)
    return most_of(f.stop, lets) or GUESS


def most_of(e: Expr, lets: Mapping[Var, Expr]) -> int | None:
    """A constant that e does not exceed, where one can be seen and no scalar in it is negative."""
    found = [sum(_term(m, c) for m, c in p.terms) for p in least_of(e, lets) if all(map(_bounded, p.terms))]
    return min(found, default=None)


def _tops(e: Expr) -> list[int]:
    return [p.value for p in least_of(e, {}) if p.value is not None]


def _bounded(term: tuple[tuple[Expr, ...], int]) -> bool:
    return not term[0] or term[1] > 0 and all(map(_tops, term[0]))


def _term(m: tuple[Expr, ...], c: int) -> int:
    return c * prod(min(_tops(a)) for a in m)
