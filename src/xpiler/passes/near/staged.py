"""Staged: the elements of one far array that a body touches in a near one, copied before the body or behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from xpiler.facts.accesses import Access, accesses, exchange, names_of_values
from xpiler.facts.chunked import in_one
from xpiler.facts.digits import in_digits
from xpiler.facts.footprint import ALWAYS, footprint
from xpiler.facts.independence import naturals
from xpiler.facts.pieces import Piece, spanned
from xpiler.facts.polynomial import Poly, atom, comparison, expanded, expression, least_of, number, polynomial, renamed
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import PLAIN, Addr, Alloc, Buffer, Const, Expr, For, Kernel, Let, Load, Return, Stmt, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Body, Fresh, bodies, buffers_used, map_exprs, map_stmts, names, rename, scalars_read, statements, walk,
    with_bodies,
)
from xpiler.passes.near.moves import GUESS, NEAR, ONE, SINGLE, START, ZERO, Move, Mover, length

I32 = DType.I32


@dataclass(frozen=True)
class Bulk:
    """A copy with loops around it."""

    move: Move
    loops: tuple[tuple[Var, int], ...]


class Staged:
    """An array of which all that a body copies, reads or stores has a place near by; Unsummarised where it cannot.

    `named` are names that expressions have where the body is."""

    def __init__(self, mover: Mover, kernel: Kernel, body: Body, far: str, named: Mapping[Expr, Var]) -> None:
        self.mover, self.kernel, self.body, self.far = mover, kernel, body, far
        self.fresh = Fresh(names(kernel))
        self.first, self.last = _span(body, far)
        lets = names_of_values(kernel.body)
        self.named, self.lets = {**named, **named_in(body[:self.first], lets)}, lets
        part = body[self.first:self.last + 1]
        self.moves = {s: m for s in statements(part) if (m := mover.read(s)) is not None and m.far.buffer == far}
        self.loops = {s: mover.as_loops(m, self.fresh) for s, m in self.moves.items()}
        self.region = For(Var(self.fresh("once"), I32), ZERO, ONE, ONE, map_stmts(
            part, lambda s: self.loops[s].loop if s in self.loops else s))
        self.found = self._found()
        whole, joined = zip(*(in_one(self._for_sure(a), lets) for a in self.found), strict=True)
        apart, self.meant = in_digits(whole)
        meant = {v: p for each in joined for v, p in each.items()}
        self.inwards = not self.found[0].stores
        self.dtype = self.found[0].element
        self.touched = footprint(self.region, apart, lets, None, naturals(kernel))
        self.pieces = self.touched.reads if self.inwards else self.touched.writes
        changed = any(far in mover.written(s) for s in statements(kernel.body))
        whole_row = spanned(self.touched) if self.inwards and not changed else None
        filled = {comparison(">", polynomial(m.count, lets)) for m in self.moves.values()} | {ALWAYS}
        if any(p.guards or not filled.issuperset(p.always) for p in self.pieces):
            raise Unsummarised(f"whether `{far}` is touched depends on more than the place", self.region.span)
        self.name = self.fresh(f"{far}_{mover.space}")
        self.bulk = [self._copied(p) for p in self.pieces]
        if whole_row is not None and 2 * (START + whole_row.size * self.dtype.bytes) < self._carrying():
            self.touched, self.pieces = whole_row, whole_row.reads  # what lies between is less than many copies cost
            self.bulk = [self._copied(p) for p in self.pieces]
        self.starts = {a.place.index: self._flat(p).replaced(meant)
                       for a, p in zip(self.found, self.touched.places, strict=True)}
        if not all(self._in_rows(s) for s in self.moves):
            raise Unsummarised(f"copies of `{far}` go across its rows", self.region.span)

    def _found(self) -> list[Access]:
        met = exchange(self.region) or next(
            (s for s in statements(self.region.body) if isinstance(s, Return)), None)
        if met is not None:
            raise Unsummarised("others may change it meanwhile, or wait for it in vain", met.span)
        return accesses(self.kernel, self.region, self.far)

    def _for_sure(self, a: Access) -> Access:
        """The access without loops in which workers take turns, where it is the same in all iterations."""
        workers = {s.var: s.stop for s in statements(self.kernel.body) if isinstance(s, For) and s.kind not in PLAIN}
        used = {v for x in (*a.index.atoms, *a.guards) for v in scalars_read(x)}

        def varies(f: For) -> bool:
            match f.stop, workers.get(f.start) if isinstance(f.start, Var) else None:
                case Const(stop), Const(many) if many <= stop:
                    return f.var in used
                case _, Const() if not a.stores:  # a worker without a turn has it for nothing
                    return f.var in used
            return True

        return replace(a, loops=tuple(filter(varies, a.loops)))

    # ------------------------------------------------------------ what it costs, in bytes carried, and what it takes

    @property
    def takes(self) -> int:
        """Bytes of near memory that it needs more than there are taken."""
        gone = [s.buffer for s in statements(self.kernel.body) if isinstance(s, Alloc) and s.buffer.name in self.gone]
        freed = sum(int(b.extent.value) * b.dtype.bytes for b in gone if isinstance(b.extent, Const))
        return self.touched.size * self.dtype.bytes - freed

    @property
    def before(self) -> int:
        """What the body's copies cost without it."""
        moved = {self.loops[s].far: self._cost(m) for s, m in self.moves.items()}
        return sum(moved.get(a.place.index, SINGLE) * self._runs(a) for a in self.found)

    @property
    def after(self) -> int:
        """What they cost with it."""
        kept = {self.loops[s].far: self._cost(m) // NEAR for s, m in self.moves.items() if s not in self.carried}
        again = sum(kept.get(a.place.index, 0) * self._runs(a) for a in self.found)
        return again + self._carrying()

    def _carrying(self) -> int:
        return sum(self._cost(b.move) * prod(n for _, n in b.loops) for b in self.bulk)

    def _cost(self, m: Move) -> int:
        known = [p.value for p in least_of(m.count, self.lets) if p.value is not None]
        return m.cost(min(known, default=GUESS))

    def _runs(self, a: Access) -> int:
        """How often the statement of an access runs."""
        own = {v for x in self.loops.values() for v in (x.along, x.down)}
        return prod(length(f) for f in a.loops if f.var not in own)

    # ------------------------------------------------------------ where an element is

    def _flat(self, place: Iterable[Poly]) -> Poly:
        """The index into the near array."""
        at = number(0)
        for p, low, n in zip(place, self.touched.low, self.touched.count, strict=True):
            at = at * n + p - low
        return at

    def _expr(self, p: Poly) -> Expr:
        """p in the names that there are."""
        return renamed(renamed(expression(p), self.meant), self.named)

    def _start(self, s: Stmt) -> Poly:
        """Where the first element that a copy moves is."""
        x = self.loops[s]
        return self.starts[x.far].replaced({x.along: number(0), x.down: number(0)})

    def _in_rows(self, s: Stmt) -> bool:
        """Whether the elements that a copy moves are in rows near by as well."""
        x, at = self.loops[s], self.starts[self.loops[s].far]
        steps = {m: c for m, c in at.terms if {x.along, x.down} & set(m)}
        return steps.pop((x.along,), 0) == 1 and not steps.keys() - {(x.down,)}

    def _copied(self, piece: Piece) -> Bulk:
        """A piece in as few copies as may be."""
        dims, sides = self.touched.dims, piece.sides
        pitches = [prod(self.touched.count[n + 1:]) for n in range(len(dims))]
        row = sides[-1].size if dims and dims[-1].step == number(1) else number(1)
        long = [n for n, s in enumerate(sides) if s.size != number(1)]
        if row != number(1):
            long.pop()
        if any(sides[n].size.value is None for n in long):
            raise Unsummarised(f"how many rows of `{self.far}` are touched is known at run time", self.region.span)
        at = [number(s.low) for s in sides]
        loops = tuple((Var(self.fresh("c"), I32), sides[n].most) for n in long[:-1])
        for n, (v, _) in zip(long, loops, strict=False):
            at[n] = at[n] + atom(v)
        index = self.touched.base
        for d, p in zip(dims, at, strict=True):
            index = index + d.step * p
        far = Addr(self.far, self._expr(index), self.dtype)
        near = Addr(self.name, self._expr(self._flat(at)), self.dtype)
        if not long:
            return Bulk(Move(far, near, self.inwards, self._expr(row)), loops)
        last = long[-1]
        return Bulk(Move(far, near, self.inwards, self._expr(row), sides[last].most, self._expr(dims[last].step),
                         pitches[last]), loops)

    # ------------------------------------------------------------ near arrays that become part of it

    @cached_property
    def carried(self) -> dict[Stmt, str]:
        """The copies that are not needed, since what is done with their near array is done in place."""
        return {s: m.near.buffer for s, m in self.moves.items() if self._in_place(s, m)}

    @cached_property
    def gone(self) -> frozenset[str]:
        """The near arrays that are not needed any more."""
        return frozenset(self.carried.values())

    def _in_place(self, s: Stmt, m: Move) -> bool:
        near = m.near.buffer
        own = {x.buffer.name for x in statements(self.kernel.body) if isinstance(x, Alloc)}
        pitch = self.starts[self.loops[s].far].coefficients.get((self.loops[s].down,), m.near_pitch)
        homes = [(b, n) for b in _lists(self.kernel.body) for n, x in enumerate(b) if x == s]
        if m.near.index != ZERO or near not in own or pitch != m.near_pitch or len(homes) != 1:
            return False
        ((body, n),) = homes
        others = body[n + 1:] if m.inwards else body[:n]
        if _uses(self.kernel.body, near) != _uses(others, near) + 1:
            return False
        if m.inwards:
            return not any(near in self.mover.written(x) for x in statements(others))
        first = next((x for x in others if _uses((x,), near)), None)
        return m.rows == 1 and first is not None and self.mover.overwrites(first, near, m.count) and all(
            near not in self.mover.written(x) or self.mover.sets(x, near, m.count) for x in statements(others))

    # ------------------------------------------------------------ the kernel with it

    def applied(self) -> Kernel:
        """The kernel with the array staged around the body."""
        at = {near: self._start(s) for s, near in self.carried.items()}

        def moved(s: Stmt) -> Stmt | Body:
            if s in self.carried:
                return ()
            if s in self.moves:
                m, x = self.moves[s], self.loops[s]
                pitch = self.starts[x.far].coefficients.get((x.down,), 0)
                place = Addr(self.name, self._expr(self._start(s)), self.dtype)
                return self.mover.within(replace(m, far=place, far_pitch=Const(pitch, I32)))
            return s

        def placed(e: Expr) -> Expr:
            if isinstance(e, Load) and e.buffer == self.far:
                return Load(self.name, self._expr(self.starts[e.index]), e.dtype)
            if isinstance(e, Load | Addr) and e.buffer in at:
                return replace(e, buffer=self.name, index=self._expr(at[e.buffer] + polynomial(e.index, {})))
            return e

        def stored(s: Stmt) -> Stmt:
            if isinstance(s, Store) and s.buffer == self.far:
                return replace(s, buffer=self.name, index=self._expr(self.starts[s.index]))
            if isinstance(s, Store) and s.buffer in at:
                return replace(s, buffer=self.name, index=self._expr(at[s.buffer] + polynomial(s.index, {})))
            return s

        def near(body: Body) -> Body:
            return map_stmts(map_exprs(map_stmts(body, moved), placed), stored)

        here = self.first if self.inwards else self.last + 1
        made = (*near(self.body[:here]), *map(self._written, self.bulk), *near(self.body[here:]))
        out = replace(self.kernel, body=self._without(swapped(self.kernel.body, self.body, self._declared(made))))
        freed = next(iter(self.carried.values()), None)
        return out if freed is None else replace(out, body=rename(out.body, {self.name: freed}))

    def _written(self, b: Bulk) -> Stmt:
        out: Stmt = self.mover.write(b.move)
        for v, n in reversed(b.loops):
            out = For(v, ZERO, Const(n, I32), ONE, (out,))
        return out

    def _declared(self, body: Body) -> Body:
        """The body with the near array's declaration, in the place of one that is not needed any more if there is."""
        own = Alloc(Buffer(self.name, self.dtype, Const(self.touched.size, I32), self.mover.space))
        at = next((n for n, s in enumerate(body) if isinstance(s, Alloc) and s.buffer.name in self.gone), 0)
        return (*body[:at], own, *body[at:])

    def _without(self, body: Body) -> Body:
        """The body without the arrays that are not needed any more."""
        return map_stmts(body, lambda s: () if isinstance(s, Alloc) and s.buffer.name in self.gone else s)


def named_in(body: Body, lets: Mapping[Var, Expr]) -> dict[Expr, Var]:
    """The names that the statements of a body itself give to expressions, as they stand and in full."""
    out: dict[Expr, Var] = {}
    for s in body:
        if isinstance(s, Let) and s.var in lets:
            out |= {lets[s.var]: s.var, expanded(lets[s.var], lets): s.var}
    return out


def _span(body: Body, far: str) -> tuple[int, int]:
    """The first and the last statement that touches an array."""
    at = [n for n, s in enumerate(body) if far in buffers_used((s,))]
    return at[0], at[-1]


def _uses(body: Body, array: str) -> int:
    return sum(isinstance(x, Load | Addr | Store) and x.buffer == array for x in walk(body))


def _lists(body: Body) -> Iterator[Body]:
    """The lists of statements, the outermost first."""
    yield body
    for s in body:
        for b in bodies(s):
            yield from _lists(b)


def swapped(body: Body, old: Body, new: Body) -> Body:
    """A body with a list of statements in it replaced."""
    return new if body is old else tuple(with_bodies(s, lambda b: swapped(b, old, new)) for s in body)
