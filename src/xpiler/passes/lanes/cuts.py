"""Cuts: a loop in pieces, at the points where what it tests changes its answer, so that most of it tests nothing.

    for x in n: y[x] = (x > 0 ? a[x-1] : 0) + a[x]      ->      y[0] = 0 + a[0];  for x in 1 .. n: y[x] = a[x-1] + a[x]

Index-set splitting. What is tested may depend on a reduction's loops too: then it has its answer below the first of
some points and beyond the last of them, and is tested between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from xpiler.facts import sym
from xpiler.facts.sym import FALSE, ONE, TRUE, ZERO, Sym
from xpiler.facts.writes import Write
from xpiler.ir.types import DType

MOST = 6  # points at which a loop is cut


@dataclass(frozen=True)
class Piece:
    """Iterations start .. stop - 1, none where stop <= start, and no more than `most`; `w` is what they write, in terms
    of the whole loop's variable."""

    start: Sym
    stop: Sym
    most: Sym
    w: Write

    @property
    def extent(self) -> Sym:
        return sym.call("max", (sym.sub(self.stop, self.start), ZERO), DType.I32)

    def moved(self) -> tuple[Sym, Write]:
        """Its own variable, that begins at 0, and what it writes in terms of that."""
        v = self.w.vars[-1]
        own = sym.fresh(sym.name_of(v).split("#")[0], self.extent)
        w = self.w.at({v: sym.add(self.start, own)})
        return own, Write((*w.vars[:-1], own), w.index, w.guard, w.value)


@dataclass(frozen=True)
class _Test:
    """A node that is `below` for the iterations before `first`, `beyond` from `last` on."""

    node: Sym
    first: Sym
    last: Sym
    below: Sym | None = None  # None: what that is follows from where it is
    beyond: Sym | None = None


def pieces(w: Write) -> list[Piece]:
    """The innermost loop of a write in pieces; none where nothing that it tests says where to cut it."""
    v = w.vars[-1]
    n = sym.extent_of(v)
    tests = [t for x in (w.guard, w.value) for t in _tests(x, v, w.vars)]
    points = _ordered({p for t in tests for p in (t.first, t.last) if _inside(p, n)})
    if not points or len(points) > MOST:
        return []
    out, start = [], ZERO
    for k, (last, end) in enumerate(pairwise((ZERO, *points, n))):
        known = {t.node: answer for t in tests if (answer := _answer(t, points[:k], _least(end, n))) is not None}
        there = Write(w.vars, w.index, _where(w.guard, known), _where(w.value, known))
        out.append(Piece(start, _least(end, n), sym.sub(end, last), there))
        start = _greatest(start, end)
    return [p for p in out if p.extent is not ZERO]


def _where(x: Sym, known: Mapping[Sym, Sym]) -> Sym:
    """x where tests, and those in what is left of them, have these answers."""
    made = sym.rewrite(x, known.get)
    return x if made is x else _where(made, known)


def _tests(x: Sym, v: Sym, loops: Sequence[Sym]) -> Iterator[_Test]:
    """What of x has one answer at first, and one at last, as v advances."""
    for node in sym.collect(x, lambda n: v in n.free and "ld" not in n.has and not n.dtype.is_float):
        match node.op:
            case "lt" | "eq":
                found = _compared(node.op, node.args[0], v, loops)
                yield from () if found is None else (_Test(node, *found),)
            case "call" if node.data in ("min", "max"):
                moving, still = node.args if v in node.args[0].free else node.args[::-1]
                free = _unclamped(moving, still, str(node.data))
                wins = sym.sub(free, still) if node.data == "max" else sym.sub(still, free)
                found = _compared("lt", wins, v, loops)
                if found is not None:
                    below, beyond = (moving if f is FALSE else still for f in found[2:])
                    yield _Test(node, *found[:2], below, beyond)
            case "mod" | "div":
                yield from (_Test(node, p, p) for p in _wraps(node, v))


def _unclamped(moving: Sym, still: Sym, op: str) -> Sym:
    """What says whether the greatest or least of two is the one that stands still: of a clamped value, the value."""
    if moving.op != "call" or {op, str(moving.data)} != {"min", "max"}:
        return moving
    value, end = moving.args[::-1] if sym.is_const(moving.args[0]) else moving.args
    low, high = (end, still) if op == "min" else (still, end)
    return value if sym.is_const(end) and _at_most(low, high) else moving


def _compared(op: str, d: Sym, v: Sym, loops: Sequence[Sym]) -> tuple[Sym, Sym, Sym, Sym] | None:
    """Up to where, and from where on, d < 0 or d == 0 has an answer, and the two answers."""
    const, terms = sym.terms_of(d)
    k = terms.get(v, 0)
    rest = sym.linear(const, {a: c for a, c in terms.items() if a is not v})
    ends = _ends(rest, loops)
    if not k or v in rest.free or ends is None or abs(k) > 1 and not all(map(sym.is_const, ends)):
        return None
    least, most = (_crossed(e, k) for e in (ends if k < 0 else ends[::-1]))
    if op == "eq":
        return least, sym.add(most, ONE), FALSE, FALSE
    if k > 0:
        return least, most, TRUE, FALSE
    return sym.add(least, ONE), sym.add(most, ONE), FALSE, TRUE


def _crossed(rest: Sym, k: int) -> Sym:
    """-rest / k, rounded up for what rises, down for what falls."""
    if abs(k) == 1:
        return sym.scale(rest, -k)
    return sym.integer(-(sym.value_of(rest) // k) if k > 0 else sym.value_of(rest) // -k)


def _ends(x: Sym, loops: Sequence[Sym]) -> tuple[Sym, Sym] | None:
    """The least and the greatest value of x over the loops of reductions; None where these are not known."""
    const, terms = sym.terms_of(x)
    low = high = sym.integer(const)
    for atom, c in terms.items():
        if not any(sym.bounded(u) and u not in loops for u in atom.free):
            low, high = (sym.add(e, sym.scale(atom, c)) for e in (low, high))
        elif isfinite(atom.lo) and isfinite(atom.hi):
            ends = sorted(c * int(e) for e in (atom.lo, atom.hi))
            low, high = (sym.add(e, sym.integer(far)) for e, far in zip((low, high), ends, strict=True))
        else:
            return None
    return low, high


def _wraps(node: Sym, v: Sym) -> list[Sym]:
    """Where what is divided, that advances with v, comes to a multiple of what divides it."""
    x, by = node.args
    const, terms = sym.terms_of(x)
    n = sym.extent_of(v)
    if terms != {v: 1} or not sym.is_const(by) or not sym.is_const(n) or not 0 <= const:
        return []
    m = sym.value_of(by)
    return [sym.integer(p) for p in range(m - const % m, sym.value_of(n), m)]


# ---------------------------------------------------------------- the points


def _inside(p: Sym, n: Sym) -> bool:
    """Whether some iterations may be below p, and some not."""
    return not _at_most(p, ZERO) and not _at_most(n, p)


def _ordered(points: set[Sym]) -> list[Sym]:
    """Numbers first, then what has a name, in the order that is known of it."""
    return sorted(points, key=lambda p: (not sym.is_const(p), _named(p), sym.terms_of(p)[0]))


def _named(p: Sym) -> tuple[int, ...]:
    return tuple(sorted(a.uid for a in sym.terms_of(p)[1]))


def _answer(t: _Test, passed: Sequence[Sym], end: Sym) -> Sym | None:
    """What a test says behind the points `passed` and before `end`; None where it says now this, now that."""
    if any(_at_most(t.last, p) for p in (ZERO, *passed)):
        return t.beyond
    return t.below if _at_most(end, t.first) else None


def _at_most(a: Sym, b: Sym) -> bool:
    """a <= b, whatever the variables are: each side of a minimum or maximum moves with what it is made of."""
    if a.op == "call" and a.data in ("min", "max"):
        return (any if a.data == "min" else all)(_at_most(x, b) for x in a.args)
    return sym.prove_lt(a, sym.add(b, ONE))


def _least(a: Sym, b: Sym) -> Sym:
    return sym.call("min", (a, b), DType.I32)


def _greatest(a: Sym, b: Sym) -> Sym:
    return sym.call("max", (a, b), DType.I32)

