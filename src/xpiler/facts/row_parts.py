"""Rows that are written in several pieces, in blocks and what is left of them, as one write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.decided import most, settled
from xpiler.facts.sym import ONE, TRUE, ZERO, Sym
from xpiler.facts.shaping import shaped
from xpiler.facts.writes import Write


@dataclass(frozen=True)
class _Row:
    """Elements base + e for 0 <= e < count, each with a value of its own, where other conditions hold.

    Any of these may depend on the variables `around`, for all of whose values it is so."""

    base: Sym
    count: Sym
    e: Sym
    value: Sym
    guards: frozenset[Sym]
    around: tuple[Sym, ...] = ()

    def at(self, mapping: Mapping[Sym, Sym]) -> _Row:
        base, count, value = (sym.substitute(x, mapping) for x in (self.base, self.count, self.value))
        guards = frozenset(sym.substitute(g, mapping) for g in self.guards)
        return _Row(base, count, self.e, value, guards, tuple(mapping.get(v, v) for v in self.around))


def _row(w: Write) -> _Row | None:
    """A write as a row of elements, if that is what some digits of its index and its conditions make it."""
    const, terms = sym.terms_of(w.index)
    weight, ordered = 1, list[tuple[int, Sym]]()
    for c, _, v in sorted((terms.get(v, 0), v.uid, v) for v in w.vars if v in terms):
        n = sym.extent_of(v)
        if c != weight or n.free & set(w.vars):
            break
        ordered.append((c, v))
        if not sym.is_const(n):
            break
        weight = weight * sym.value_of(n)
    own = {v for _, v in ordered}
    around = tuple(v for v in w.vars if v not in own)
    if not own or any(sym.extent_of(v).free & set(w.vars) for v in around):
        return None
    size, top = ordered[-1]
    place = sym.linear(0, {v: c for c, v in ordered})
    base = sym.linear(const, {a: c for a, c in terms.items() if a not in own})
    counts, others = [sym.scale(sym.extent_of(top), size)], []
    for g in sym.conjuncts(w.guard):
        if not g.free & own:
            others.append(g)
            continue
        ends = [(sym.sub(top, g.args[0]), size), (sym.sub(place, g.args[0]), 1)] if g.op == "lt" else []
        found = [sym.scale(end, by) for end, by in ends if not end.free & set(w.vars)]
        if not found:
            return None
        counts += found[:1]
    if base.free & own:
        return None
    least = (c for c in counts if all(sym.prove_lt(c, sym.add(other, ONE)) for other in counts))
    count = next(iter(sorted(least, key=lambda c: not sym.prove_lt(sym.integer(-1), c))), None)
    if count is None:
        return None
    e = sym.fresh("e", count if count.hi == float("inf") else sym.integer(int(count.hi)))
    mapping = {v: sym.div(e, sym.integer(c)) if v is top else sym.mod(sym.div(e, sym.integer(c)), sym.extent_of(v))
               for c, v in ordered}
    return _Row(base, count, e, sym.substitute(w.value, mapping), frozenset(others), around)


def in_a_piece(writes: list[Write]) -> list[Write]:
    """What an iteration writes to an array; what continues each other, as a row in vectors and what is left, as one."""
    if len(writes) < 2 or not all(w.vars and w.more is None for w in writes):
        return writes
    out: list[Write] = []
    for w in writes:
        row = _one_row(shaped(out[-1]), shaped(w)) if out else None
        if row is not None:
            out.pop()
        out.append(w if row is None else row)
    return out


def _one_row(first: Write, second: Write) -> Write | None:
    a, b = _row(first), _row(second)
    if a is None or b is None or [sym.extent_of(v) for v in a.around] != [sym.extent_of(v) for v in b.around]:
        return None
    b = b.at(dict(zip(b.around, a.around, strict=True)))
    if sym.add(a.base, a.count) is not b.base or not _continues(a, b):
        return None
    if sym.substitute(a.value, {a.e: sym.add(b.e, a.count)}) is not b.value:
        return None
    count = sym.add(a.count, b.count)
    e = sym.fresh("e", count if count.hi == float("inf") else sym.integer(int(count.hi)))
    within = sym.compare("<", e, count)
    value = sym.substitute(a.value, {a.e: e})
    return Write((*a.around, e), sym.add(a.base, e), sym.conjoin(*b.guards, within), value)


def _continues(a: _Row, b: _Row) -> bool:
    """Whether both together are as many elements as they say, where b is and nowhere else."""
    mine, theirs, either = a.guards - b.guards, b.guards, b.guards | a.guards
    some = frozenset(sym.conjuncts(sym.compare("<", ZERO, a.count)))
    if not _holds(sym.conjoin(*(b.guards - a.guards)), a.guards | some):
        return False
    if most(sym.scale(a.count, -1), either) > 0 or most(sym.scale(b.count, -1), theirs) > 0:
        return False
    without = theirs.union(sym.conjuncts(sym.negate(sym.conjoin(*mine))))
    return not mine or all(most(sym.scale(a.count, sign), without) <= 0 for sign in (1, -1))


def _holds(cond: Sym, where: frozenset[Sym]) -> bool:
    path = sym.conjoin(*where)
    return settled(sym.assume(cond, path), path) is TRUE
