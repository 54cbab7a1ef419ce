"""What a loop touches of an array: rectangles, in as many dimensions as the indices have.

An index is base + stride_1 * q_1 + ... + stride_d * q_d: the base and the strides are fixed in the loop, and each q is
a sum of loop counters with integer weights that takes every value of a range. A loop touches a union of guarded
rectangles of q's, the `Piece`s, and these are exact: an element is in one if and only if the loop touches it. Only
where the array's extent is known may a piece be a whole rectangle cut to the extent instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import gcd, prod

from xpiler.facts.accesses import Access, Constancy
from xpiler.facts.counters import Counter, counter
from xpiler.facts.pieces import (
    Dim, Footprint, Piece, Place, Side, conjuncts, cut, flattened, joined, limit_of, may_fail, q,
)
from xpiler.facts.polynomial import Monomial, Poly, atom, compared, comparison, made, number, polynomial
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Binary, Const, Expr, For, Load, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import scalars_read, subexpressions

I32, I64 = DType.I32, DType.I64
ENDLESS = 1 << 60  # the length of a loop that no constant bounds
TRIED = 64  # bounds of a reach, at most
NEVER, ALWAYS = Const(0, DType.BOOL), Const(1, DType.BOOL)


def footprint(
    loop: For, found: list[Access], lets: Mapping[Var, Expr], extent: Expr | None = None,
    natural: frozenset[Expr] = frozenset(),
) -> Footprint:
    """The footprint of these accesses to one array of that extent; Unsummarised where it is not made of rectangles.

    `natural` are scalars that are never negative."""
    try:
        return _Footprints(loop, found, lets, extent, natural, halo=True).made()
    except Unsummarised:
        return _Footprints(loop, found, lets, extent, natural, halo=False).made()


def stay_apart(
    loop: For, found: list[Access], lets: Mapping[Var, Expr], natural: frozenset[Expr] = frozenset()
) -> None:
    """Unsummarised unless no two iterations of `loop` touch the same element, as far as these accesses go."""
    whole = _Footprints(loop, found, lets, None, natural, halo=False, bounded=False)
    whole.distinct()
    mine = whole.counters[loop.var].k
    for n in range(len(whole.dims)):
        (form, *others) = {place[n] for place in whole.places}
        if not others and [m for m, _ in form.terms if m] == [(mine,)]:
            return
    raise Unsummarised(f"iterations of `{loop.var.name}` may touch the same element of `{whole.buffer}`", loop.span)


@dataclass(frozen=True)
class _Form:
    """An index as base + the sum of weight * unit * counter."""

    base: Poly
    terms: tuple[tuple[Var, Monomial, int], ...]


class _Footprints:
    def __init__(
        self, loop: For, found: list[Access], lets: Mapping[Var, Expr], extent: Expr | None, natural: frozenset[Expr],
        *, halo: bool, bounded: bool = True,
    ) -> None:
        self.bounded = bounded  # whether every loop must have a constant bound
        self.found, self.lets, self.extent, self.natural = found, lets, extent, natural
        self.buffer = found[0].place.buffer
        self.halo = halo  # whether rows that are longer by a window's width than they are apart are rows all the same
        self.fixed = Constancy(loop)
        self.counters: dict[Var, Counter] = {}
        for a in found:
            for f in a.loops:
                if f.var not in self.counters:
                    self.counters[f.var] = counter(f, loop, lets, self.fixed)
        self.values: dict[Expr, Poly] = {
            v: c.value for v, c in self.counters.items() if c.k != v}
        self.ks: dict[Expr, Counter] = {c.k: c for c in self.counters.values()}
        self.forms = [self.form(a) for a in found]
        self.base = self.forms[0].base
        self.offsets = [(f.base - self.base).coefficients for f in self.forms]
        self.dims = self.dimensions()
        self.places, self.low, self.count = self.placed()

    def made(self) -> Footprint:
        reads: list[Piece] = []
        writes: list[Piece] = []
        for a, place in zip(self.found, self.places, strict=True):
            if a.stores:
                writes.append(self.piece(a, place))
            elif not a.after_own:
                reads.append(self.read(a, place))
        if writes:
            self.distinct()
        back: dict[Expr, Poly] = {c.k: c.back for c in self.ks.values()}
        return flattened(Footprint(
            self.base, self.dims, self.low, self.count, joined(reads), joined(writes),
            tuple(tuple(p.replaced(back) for p in place) for place in self.places)))

    # ------------------------------------------------------------ indices

    def over_counters(self, p: Poly) -> Poly:
        return p.replaced(self.values)

    def form(self, a: Access) -> _Form:
        if any(isinstance(x, Load) and x.buffer == self.buffer for x in subexpressions(a.place.index)):
            raise Unsummarised(f"an element of `{self.buffer}` is an index into it", a.span)
        base: dict[Monomial, int] = {}
        terms: list[tuple[Var, Monomial, int]] = []
        for m, weight in self.over_counters(a.index).terms:
            mine = [x for x in m if x in self.ks]
            rest = tuple(x for x in m if x not in self.ks)
            if len(mine) > 1 or not all(map(self.fixed, rest)):
                raise Unsummarised(f"an index into `{self.buffer}` is not a sum of loop variables", a.span)
            if mine:
                assert isinstance(mine[0], Var)
                terms.append((mine[0], rest, weight))
            else:
                base[m] = weight
        if len({k for k, _, _ in terms}) != len(terms):
            raise Unsummarised(f"a loop variable has two strides in an index into `{self.buffer}`", a.span)
        return _Form(made(base), tuple(terms))

    def dimensions(self) -> tuple[Dim, ...]:
        """The dimensions, outermost first."""
        units = {u for f in self.forms for _, u, _ in f.terms} | {u for o in self.offsets for u in o}
        dims: list[Dim] = []
        for unit in sorted(units, key=lambda u: (len(u), repr(u)), reverse=True):
            dims += self.dimensions_of(unit)[::-1]
        return tuple(dims)

    def dimensions_of(self, unit: Monomial) -> list[Dim]:
        """Those whose steps are multiples of a product of scalars, finest first."""
        weights = {(abs(w), k.name) for f in self.forms for k, u, w in f.terms if u == unit}
        most = {k.name: self.most(k) for f in self.forms for k, u, _ in f.terms if u == unit}
        out: list[Dim] = []
        reach = 0
        for w, k in sorted(weights):
            if not out or w > reach and w != out[-1].stride:
                out.append(Dim(unit, w))
            elif w % out[-1].stride:
                raise Unsummarised(f"strides of {out[-1].stride} and {w} overlap in `{self.buffer}`")
            own = w * (most[k] - 1)
            reach = max(reach, own) if self.halo else reach + own
        rest = {o.get(unit, 0) for o in self.offsets}
        for d in reversed(out):
            rest = {r % d.stride for r in rest}
        if rest - {0}:
            out.insert(0, Dim(unit, gcd(*rest, *(d.stride for d in out[:1]))))
        return out

    def most(self, k: Expr) -> int:
        c = self.ks[k]
        if c.most is None and not self.bounded:
            return ENDLESS
        if c.most is None:
            raise Unsummarised(f"the length of `{c.loop.var.name}` is bounded by no constant", c.loop.span)
        if c.most < 1:
            raise Unsummarised(f"`{c.loop.var.name}` never runs", c.loop.span)
        return c.most

    def placed(self) -> tuple[list[Place], tuple[int, ...], tuple[int, ...]]:
        """The q's of every access over the counters, and the smallest rectangle around them that was found."""
        best: tuple[list[Place], tuple[int, ...], tuple[int, ...]] | None = None
        for nearest in (False, True):  # -1 + 64 * row is either column 63 of the row before or column -1
            places = [self.place(f, o, nearest) for f, o in zip(self.forms, self.offsets, strict=True)]
            whole = [p for p in places if p is not None]
            if len(whole) < len(places):
                continue
            spans = [[self.span(x) for x in p] for p in whole]
            low = tuple(min(s[n][0] for s in spans) for n in range(len(self.dims)))
            count = tuple(max(s[n][1] for s in spans) - low[n] + 1 for n in range(len(self.dims)))
            if best is None or prod(count) < prod(best[2]):
                best = whole, low, count
        assert best is not None, "rounding down leaves nothing over"
        return best

    def place(self, f: _Form, offset: Mapping[Monomial, int], nearest: bool) -> Place | None:
        left = dict(offset)
        out: list[Poly] = []
        for n, d in enumerate(self.dims):
            have = left.get(d.unit, 0)
            finer = any(e.unit == d.unit for e in self.dims[n + 1:])
            steps = (2 * have + d.stride) // (2 * d.stride) if nearest and finer else have // d.stride
            left[d.unit] = have - steps * d.stride
            out.append(number(steps))
        if any(left.values()):
            return None
        for k, unit, w in f.terms:
            n = max((n for n, d in enumerate(self.dims) if d.unit == unit and w % d.stride == 0),
                    key=lambda n: self.dims[n].stride if self.dims[n].stride <= abs(w) else 0)
            out[n] = out[n] + atom(k) * (w // self.dims[n].stride)
        return tuple(out)

    def span(self, p: Poly) -> tuple[int, int]:
        """The least and the largest value of a q."""
        low = high = p.constant
        for m, c in p.terms:
            if m:
                low += min(c, 0) * (self.most(m[0]) - 1)
                high += max(c, 0) * (self.most(m[0]) - 1)
        return low, high

    # ------------------------------------------------------------ pieces

    def read(self, a: Access, place: Place) -> Piece:
        try:
            return self.piece(a, place)
        except Unsummarised:
            if self.extent is None:
                raise
        at = self.base
        for n, d in enumerate(self.dims):
            at = at + d.step * atom(q(n))
        wide = I64 if a.place.index.dtype is not I32 else I32
        inside = (comparison(">=", at, wide), comparison("<", at - polynomial(self.extent, self.lets), wide))
        return Piece(tuple(Side(low, number(n), n) for low, n in zip(self.low, self.count, strict=True)), inside, ())

    def side(self, p: Poly, a: Access) -> Side:
        """The range of a q, every value of which is taken where all its loops run at least once."""
        low, most, size = p.constant, 1, number(1)
        for w, c, k in sorted(((abs(c), c, m[0]) for m, c in p.terms if m), key=lambda t: t[0]):
            trips = self.ks[k].trips
            if c < 0 and trips.value is None or w > most or size.value is None:
                raise Unsummarised(
                    f"an index into `{self.buffer}` leaves gaps, or runs down a length known at run time", a.span)
            low += min(c, 0) * (self.most(k) - 1)
            most += (self.most(k) - 1) * w
            size = size + (trips - 1) * w
        return Side(low, size, most)

    def piece(self, a: Access, place: Place) -> Piece:
        what = f"whether `{self.buffer}` is {'stored to' if a.stores else 'read'}"
        if not a.certain:
            raise Unsummarised(f"{what} depends on how often a loop runs or how it is left", a.span)
        sides = tuple(self.side(p, a) for p in place)
        lone = {m[0] for p in place for m, _ in p.terms if m and sum(1 for t, _ in p.terms if t) == 1}
        always: list[Expr] = []
        for c in (self.counters[f.var] for f in a.loops):
            if c.trips.value is None and c.k not in lone:
                always.append(comparison(">", c.trips))
            elif c.trips.value is not None and c.trips.value < 1:
                always.append(NEVER)
        guards: list[Expr] = []
        for g in a.guards:
            moved = compared(g, lambda op, p, t: self.over_places(op, p, t, a, place), self.lets)
            if moved is None:
                raise Unsummarised(f"{what} depends on data", a.span)
            for part in conjuncts(moved):
                limit = limit_of(part)
                if limit is not None and sides[limit[0]].size.value is not None:
                    n, least, greatest = limit
                    sides = (*sides[:n], cut(sides[n], least, greatest), *sides[n + 1:])
                elif part != ALWAYS:
                    (guards if any(q(n) in scalars_read(part) for n in range(len(place))) else always).append(part)
        conditions = dict.fromkeys(guards), dict.fromkeys(always)
        if sum(map(len, conditions)) > 1 and any(map(may_fail, (*guards, *always))):
            raise Unsummarised(f"{what} depends on a condition that is not always safe to evaluate", a.span)
        return Piece(sides, tuple(conditions[0]), tuple(conditions[1]))

    def over_places(self, op: str, p: Poly, dtype: DType, a: Access, place: Place) -> Expr:
        """p op 0 over the q's instead of the counters."""
        left = self.over_counters(p)
        for n, form in enumerate(place):
            m, w = next(((m, w) for m, w in form.terms if m), ((), 1))
            have = left.coefficients.get(m, 0) if m else 0
            if have % w == 0:
                left = left + (atom(q(n)) - form) * (have // w)
        places = {q(n) for n in range(len(place))}
        if not all(x in places or x not in self.ks and self.fixed(x) for x in left.atoms):
            raise Unsummarised(f"whether `{self.buffer}` is touched depends on more than the place", a.span)
        return comparison(op, left, dtype)

    # ------------------------------------------------------------ one element, one place

    def distinct(self) -> None:
        """Different q's are different elements; Unsummarised if that cannot be seen."""
        reaches = [Poly()]
        for n, d in sorted(enumerate(self.dims), key=lambda t: (len(t[1].unit), t[1].stride)):
            if self.count[n] == 1:
                continue
            if not any(self.never_negative(d.step - r - 1) for r in reaches):
                raise Unsummarised(f"rows of `{self.buffer}` may overlap", self.found[0].span)
            reaches = [r + d.step * top for r, top in product(reaches, self.tops(n))][:TRIED]

    def tops(self, n: int) -> list[Poly]:
        """What the difference of two q's of a dimension does not exceed."""
        forms = {place[n] for place in self.places}
        out = [number(self.count[n] - 1)] if self.count[n] < ENDLESS else []
        if len(forms) == 1:
            (form,) = forms
            terms = [(m[0], c) for m, c in form.terms if m]
            if len(terms) == 1 and abs(terms[0][1]) == 1:
                out += [t - 1 for t in self.ks[terms[0][0]].tops]
                out += self.guarded(terms[0][0])
        return out

    def guarded(self, k: Expr) -> list[Poly]:
        """What the guards that all accesses share say that a counter does not exceed."""
        out: list[Poly] = []
        for g in self.found[0].guards:
            if all(g in a.guards for a in self.found):
                match g:
                    case Binary("<", x, y) if x.dtype is I32:
                        p = self.over_counters(polynomial(x, self.lets) - polynomial(y, self.lets))
                        if p.coefficients.get((k,)) == 1:
                            out.append(atom(k) - p - 1)
        return [p for p in out if not p.atoms & set(self.ks)]

    def never_negative(self, p: Poly) -> bool:
        return all(c >= 0 and all(x in self.natural for x in m) for m, c in p.terms)
