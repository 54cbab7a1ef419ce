"""Which iterations run in lanes: one loop, or several as one; what then strays in memory is packed beforehand.

    for y in 9, x in 3: o[y,x] = sum(c: a[c, 2*y, 2*x] * w[c])

The three iterations of x are too few for lanes. Of c, w follows; a does not, so a[c, 2*y, 2*x] is put in the order of c
once for the iterations that read it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.offers import consecutive
from xpiler.facts.sym import ONE, ZERO, Sym
from xpiler.facts.shaping import split_digits
from xpiler.facts.writes import Write
from xpiler.ir.types import DType
from xpiler.passes.lanes.cuts import Piece

AGAIN = 4  # times that what is packed is read, at least
PACKED = 1 << 14  # most elements of a packed array


@dataclass(frozen=True)
class Lanes:
    """Loops of a nest or a reduction, `var` of them in lanes, piece by piece where it is cut; `expr` in terms of these,
    which has elements for a register `by_rows` if each has one for all its lanes."""

    vars: tuple[Sym, ...]
    var: Sym
    expr: Sym
    index: Sym = ZERO
    strays: tuple[Sym, ...] = ()  # loads to be packed
    pieces: tuple[Piece, ...] = ()
    by_rows: bool = False


def strays(x: Sym, v: Sym) -> list[Sym] | None:
    """The loads of x that neither ignore v nor read consecutive elements as it advances; None where v itself
    is compared, or says where an address is."""
    out = []
    for n in sym.collect(x, lambda n: v in n.free and n.op in ("ld", "lt", "eq")):
        if n.op == "ld" and consecutive(n, v) or n.op != "ld" and "ld" in n.has and not _said(n, v):
            continue
        if n.op != "ld" or "ld" in n.args[0].has:
            return None
        out.append(n)
    return out


def scattered(x: Sym, v: Sym) -> list[Sym] | None:
    """The loads of x that do not read consecutive elements as v advances, wherever they do; None where what is tested
    differs with v itself and keeps a load from being made."""
    kept = sym.collect(x, lambda n: n.op == "sel" and v in n.args[0].free and _tells(n.args[0], v)
                       and any(_loads(a, v) for a in n.args[1:]))
    return None if kept else [n for n in _loads(x, v) if not consecutive(n, v)]


def _loads(x: Sym, v: Sym) -> list[Sym]:
    return sym.collect(x, lambda n: n.op == "ld" and v in n.free)


def _tells(cond: Sym, v: Sym) -> bool:
    """Whether v itself is part of a condition."""
    return any(_said(n, v) for n in sym.collect(cond, lambda n: n.op in ("lt", "eq", "cmp") and v in n.free))


def _said(cond: Sym, v: Sym) -> bool:
    """Whether v itself is part of what is compared, and not data alone."""
    todo = [cond]
    while todo:
        n = todo.pop()
        if n is v:
            return True
        todo += () if n.op == "ld" or v not in n.free else n.args
    return False


def follow(x: Sym, v: Sym) -> bool:
    """Some load of x reads consecutive elements as v advances."""
    return bool(sym.collect(x, lambda n: n.op == "ld" and consecutive(n, v)))


def suffixes(vs: Sequence[Sym], x: Sym, index: Sym | None) -> Iterable[Lanes]:
    """The innermost two loops as one, three, and so on; with an index, those that are digits of it."""
    size, mapping = 1, dict[Sym, Sym]()
    for n in range(len(vs) - 1, -1, -1):
        extent = sym.extent_of(vs[n])
        if not sym.is_const(extent) or index is not None and sym.terms_of(index)[1].get(vs[n]) != size:
            return
        size *= sym.value_of(extent)
        if n == len(vs) - 1:
            continue
        whole, stride = sym.fresh("f", sym.integer(size)), 1
        for v in reversed(vs[n:]):
            mapping[v] = sym.mod(sym.div(whole, sym.integer(stride)), sym.extent_of(v))
            stride *= sym.value_of(sym.extent_of(v))
        moved = sym.substitute(x, mapping)
        found = strays(moved, whole)
        if found is not None:
            at = ZERO if index is None else sym.substitute(index, mapping)
            yield Lanes((*vs[:n], whole), whole, moved, at, tuple(found))


def split(vs: Sequence[Sym], x: Sym) -> tuple[tuple[Sym, ...], Sym]:
    """Loops that x takes apart as v / c and v % c as loops over these."""
    w = Write(tuple(vs), ZERO, sym.TRUE, x)
    while (made := split_digits(w, (w.value,))) is not None:
        gone = next(n for n, v in enumerate(w.vars) if v not in made.vars)
        kept = [v for v in made.vars if v in w.vars]
        w = Write((*kept[:gone], *made.vars[-2:], *kept[gone:]), ZERO, sym.TRUE, made.value)
    return _by_stride(w.vars, w.value)


def _by_stride(vs: Sequence[Sym], x: Sym) -> tuple[tuple[Sym, ...], Sym]:
    """A reduction's loops, those with long steps outside, and forwards where everything goes backwards."""
    steps: dict[Sym, list[int]] = {v: [] for v in vs}
    for n in sym.collect(x, lambda n: n.op == "ld"):
        for atom, c in sym.terms_of(n.args[0])[1].items():
            if atom in steps:
                steps[atom].append(c)
    back = {v: sym.sub(sym.sub(sym.extent_of(v), ONE), v) for v in vs if steps[v] and max(steps[v]) < 0}
    order = sorted(vs, key=lambda v: -max((abs(c) for c in steps[v]), default=0))
    return tuple(order), sym.substitute(x, back)


def read_again(load: Sym, v: Sym, outer: Sequence[Sym]) -> int | None:
    """The outermost of the loops around that a stray load does not depend on and that reads it often enough, if what
    is packed outside of it is not too much; None otherwise."""
    for n, u in enumerate(outer):
        extent = sym.extent_of(u)
        if u in load.free or sym.is_const(extent) and sym.value_of(extent) < AGAIN:
            continue
        size = 1
        for d in dimensions(load, v, outer, n):
            if not sym.is_const(sym.extent_of(d)):
                return None
            size *= sym.value_of(sym.extent_of(d))
        return n if size <= PACKED else None
    return None


def dimensions(load: Sym, v: Sym, outer: Sequence[Sym], first: int) -> list[Sym]:
    """The loops an array packed outside of one of them has elements for: those within, reductions', then v."""
    free = load.args[0].free
    reductions = (u for u in free if sym.bounded(u) and u not in outer and u is not v)
    return [*(u for u in outer[first:] if u in free), *sorted(reductions, key=lambda u: u.uid), v]


def parted(x: Sym) -> Sym:
    """x with reductions whose term is one thing for the first iterations and another for the rest in two."""
    return sym.rewrite(x, _parts) if "fold" in x.has else x


def _parts(x: Sym) -> Sym | None:
    if x.op != "fold" or len(sym.fold_vars(x)) != 1 or not x.dtype.is_float:
        return None
    (k,), op, (body, init) = sym.fold_vars(x), sym.fold_op(x), x.args
    n = sym.extent_of(k)
    cuts = {-sym.terms_of(c.args[0])[0] for c in sym.collect(body, lambda c: c.op == "lt")
            if sym.terms_of(c.args[0])[1] == {k: 1}}
    if len(cuts) != 1 or not sym.is_const(n) or body.op == "sel" and sym.is_identity(op, body.args[2]):
        return None
    cut = cuts.pop()
    if not 0 < cut < sym.value_of(n):
        return None
    first, rest = sym.fresh("k", sym.integer(cut)), sym.fresh("k", sym.sub(n, sym.integer(cut)))
    one = sym.fold(op, [first], sym.substitute(body, {k: first}), init, x.dtype)
    term = sym.substitute(body, {k: sym.add(rest, sym.integer(cut))})
    if rest in term.free or op not in ("+", "max", "min"):
        return sym.make(*_combined(op, one, sym.fold(op, [rest], term, sym.identity_of(op, x.dtype), x.dtype)))
    times = sym.number(float(sym.value_of(n) - cut), x.dtype)
    return sym.make(*_combined(op, one, sym.make("bin", (term, times), "*", x.dtype) if op == "+" else term))


def _combined(op: str, a: Sym, b: Sym) -> tuple[str, tuple[Sym, ...], str, DType]:
    return ("call" if op in ("max", "min") else "bin"), (a, b), op, a.dtype
