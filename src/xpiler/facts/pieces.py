"""Guarded rectangles: the pieces that a footprint is made of, and how they become fewer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf, prod

from xpiler.facts.polynomial import SIGNED, Monomial, Poly, made, number, polynomial, renamed
from xpiler.ir.nodes import Binary, Const, Expr, Load, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import scalars_read, subexpressions

I32 = DType.I32


@dataclass(frozen=True)
class Dim:
    """A dimension: neighbours are `stride` * the product `unit` elements apart."""

    unit: Monomial
    stride: int

    @property
    def step(self) -> Poly:
        return made({self.unit: self.stride})


@dataclass(frozen=True)
class Side:
    """A range of a q: low .. low + size - 1; size is at most `most`."""

    low: int
    size: Poly
    most: int


@dataclass(frozen=True)
class Piece:
    """A rectangle of elements touched where `guards` (over the q's) and `always` (fixed in the loop) hold."""

    sides: tuple[Side, ...]
    guards: tuple[Expr, ...]
    always: tuple[Expr, ...]


Place = tuple[Poly, ...]  # the q's of an access


@dataclass(frozen=True)
class Footprint:
    """All that is touched: the element of q's is base + the sum of q * step.

    `reads` need what was there before the loop; `places` are the q's of each access, over the loops' own variables."""

    base: Poly
    dims: tuple[Dim, ...]
    low: tuple[int, ...]
    count: tuple[int, ...]
    reads: tuple[Piece, ...]
    writes: tuple[Piece, ...]
    places: tuple[Place, ...]

    @property
    def size(self) -> int:
        return prod(self.count)


def spanned(f: Footprint) -> Footprint | None:
    """What is read, and what lies between, as one row from the first element to the last; None where these depend on
    more than the place."""
    if f.writes or not f.reads or any(d.unit for d in f.dims) or any(p.guards or p.always for p in f.reads):
        return None
    ends = []
    for p in f.reads:
        sizes = [s.size.value for s in p.sides]
        if None in sizes or 0 in sizes:
            return None
        first = sum(s.low * d.stride for s, d in zip(p.sides, f.dims, strict=True))
        ends.append((first, first + sum((n - 1) * d.stride for n, d in zip(sizes, f.dims, strict=True) if n)))
    low, high = min(a for a, _ in ends), max(b for _, b in ends)
    row = Side(low, number(high - low + 1), high - low + 1)
    places = tuple(
        (sum((p * d.stride for p, d in zip(place, f.dims, strict=True)), number(0)),) for place in f.places)
    return Footprint(f.base, (Dim((), 1),), (low,), (row.most,), (Piece((row,), (), ()),), (), places)


def q(d: int) -> Var:
    """The name of a coordinate; no scalar of a program is called so."""
    return Var(f"~{d}", I32)


def conjuncts(e: Expr) -> Iterable[Expr]:
    if isinstance(e, Binary) and e.op == "&&":
        return (*conjuncts(e.a), *conjuncts(e.b))
    return (e,)


def limit_of(e: Expr) -> tuple[int, float, float] | None:
    """The coordinate that a condition bounds by constants, and its least and greatest value."""
    match e:
        case Binary("<" | "<=" | ">" | ">=" as op, a, b) if a.dtype in SIGNED and a.dtype is b.dtype:
            p = polynomial(a, {}) - polynomial(b, {})
            terms = [(m, c) for m, c in p.terms if m]
            if len(terms) == 1 and len(terms[0][0]) == 1 and isinstance(v := terms[0][0][0], Var) and v.name[0] == "~":
                sign = terms[0][1]
                if abs(sign) == 1:
                    if (op[0] == "<") == (sign > 0):  # sign * q < -constant
                        return int(v.name[1:]), -inf, -p.constant * sign - (1 if op in "<>" else 0)
                    return int(v.name[1:]), -p.constant * sign + (1 if op in "<>" else 0), inf
    return None


def cut(s: Side, least: float, greatest: float) -> Side:
    low = int(max(s.low, least))
    size = max(int(min(s.low + s.most - 1, greatest)) - low + 1, 0)
    return Side(low, number(size), size)


def may_fail(e: Expr) -> bool:
    """Evaluating e may be wrong where another condition does not hold."""
    return any(isinstance(x, Load) or isinstance(x, Binary) and x.op in "/%" and not isinstance(x.b, Const)
               for x in subexpressions(e))


# ---------------------------------------------------------------- fewer pieces, fewer dimensions


def joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Fewer pieces with the same elements: what overlaps or touches along one side becomes one."""
    out: list[Piece] = []
    for p in pieces:
        while (near := next((o for o in out if _union(o, p) is not None), None)) is not None:
            out.remove(near)
            p = _union(near, p) or p
        out.append(p)
    return tuple(out)


def _union(a: Piece, b: Piece) -> Piece | None:
    if (a.guards, a.always) != (b.guards, b.always):
        return None
    differ = [n for n, (x, y) in enumerate(zip(a.sides, b.sides, strict=True)) if x != y]
    if not differ:
        return a
    n = differ[0]
    x, y = sorted((a.sides[n], b.sides[n]), key=lambda s: s.low)
    if x.size == Poly() or y.size == Poly():
        return None
    if len(differ) > 1 or x.size.value is None or y.size.value is None or y.low > x.low + x.size.value:
        return None
    size = max(x.low + x.size.value, y.low + y.size.value) - x.low
    return replace(a, sides=(*a.sides[:n], Side(x.low, number(size), size), *a.sides[n + 1:]))


def flattened(f: Footprint) -> Footprint:
    """Neighbouring dimensions as one where every piece spans the whole of the inner one."""
    pieces = (*f.reads, *f.writes)
    named = {v for p in pieces for g in p.guards for v in scalars_read(g)}
    for n, (a, b) in enumerate(pairwise(f.dims)):
        low, width = f.low[n + 1], f.count[n + 1]
        whole = Side(low, number(width), width)
        if (a.unit == b.unit and a.stride == b.stride * width and not named & {q(n), q(n + 1)}
                and all(p.sides[n + 1] == whole for p in pieces)):
            return flattened(_merged(f, n))
    return f


def _merged(f: Footprint, n: int) -> Footprint:
    """Dimensions n and n + 1 as one."""
    low, width = f.low[n + 1], f.count[n + 1]
    later: dict[Expr, Expr] = {q(m): q(m - 1) for m in range(n + 2, len(f.dims))}

    def piece(p: Piece) -> Piece:
        s = p.sides[n]
        side = Side(s.low * width, s.size * width, s.most * width)
        return replace(p, sides=(*p.sides[:n], side, *p.sides[n + 2:]),
                       guards=tuple(renamed(g, later) for g in p.guards))

    return Footprint(
        f.base + f.dims[n + 1].step * low, (*f.dims[:n], *f.dims[n + 1:]),
        (*f.low[:n], f.low[n] * width, *f.low[n + 2:]), (*f.count[:n], f.count[n] * width, *f.count[n + 2:]),
        tuple(map(piece, f.reads)), tuple(map(piece, f.writes)),
        tuple((*x[:n], x[n] * width + x[n + 1] - low, *x[n + 2:]) for x in f.places))
