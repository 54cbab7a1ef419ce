"""Chunks of one length or another that lie in a row, as one loop."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.decided import most, same
from xpiler.facts.sym import ZERO, Sym
from xpiler.facts.writes import Write
from xpiler.ir.types import DType

CHUNKS = 64  # most chunks of a row that are looked at one by one


def in_a_row(vars_: list[Sym], guards: list[Sym], index: Sym, value: Sym) -> Write | None:
    """Chunks of one length or another that lie in a row, as one loop: v < n, i < count(v), base(v) + i, where
    base(v + 1) is base(v) + count(v)."""
    for i in vars_:
        longest = sym.extent_of(i)
        counts = [(longest, guards)] if longest.free & set(vars_) else [
            (sym.sub(i, g.args[0]), [h for h in guards if h is not g]) for g in guards
            if g.op == "lt" and sym.terms_of(g.args[0])[1].get(i) == 1]
        counts += [(longest, guards)] if not sym.is_const(longest) and not longest.free & set(vars_) else []
        for count, others in counts:
            if i in count.free:
                continue
            chosen = sym.collect(count, lambda n: n.op == "sel" or n.dtype is DType.BOOL)
            for v in (v for v in vars_ if (v in count.free if chosen else _by_count(index, v, i, count))):
                found = _chunks(vars_, v, i, count, index)
                made = None if found is None else _one_after_another(vars_, v, i, found, (index, value, others))
                if made is not None:
                    return made
        if longest.op == "call" and longest.data == "min" and longest.free & set(vars_):
            for far, end in (longest.args, longest.args[::-1]):
                made = _ending(vars_, guards, (index, value), i, far, end)
                if made is not None:
                    return made
    return None


def _ending(
    vars_: list[Sym], guards: list[Sym], parts: tuple[Sym, Sym], i: Sym, far: Sym, end: Sym
) -> Write | None:
    """As one loop, where chunks of which none is longer than `far` end with the row: that one does is a condition."""
    if far.free & set(vars_):
        return None
    longer = sym.fresh(sym.name_of(i).split("#")[0], far)
    index, value, *moved = (sym.substitute(x, {i: longer}) for x in (*parts, *guards))
    within = sym.conjuncts(sym.compare("<", longer, end))
    return in_a_row([longer if v is i else v for v in vars_], [*moved, *within], index, value)


def _by_count(index: Sym, v: Sym, i: Sym, count: Sym) -> bool:
    """Whether chunks of one length that only sizes say lie in a row: v * count + i."""
    whole = sym.scale(sym.add(sym.mul(v, count), i), sym.terms_of(index)[1].get(i, 0))
    known = sym.is_const(count) or v in count.free
    return not known and v in whole.free and not {v, i} & sym.sub(index, whole).free


def _one_after_another(
    vars_: list[Sym], v: Sym, i: Sym, found: tuple[Sym, Sym], parts: tuple[Sym, Sym, list[Sym]]
) -> Write | None:
    base, total = found
    index, value, others = parts
    rest = total.free & set(vars_)
    top = most(total, frozenset())
    if rest and top == float("inf"):
        return None
    j = sym.fresh("i", sym.integer(int(top)) if rest else total)
    within = {i: sym.sub(j, base)}
    index, guard, value = (sym.substitute(x, within) for x in (index, sym.conjoin(*others), value))
    if any(v in x.free for x in (index, guard, value)):
        return None  # a chunk's place in the row matters
    return Write((*(u for u in vars_ if u not in (v, i)), j), index,
                 sym.conjoin(sym.compare("<", j, total), guard), value)


def _chunks(vars_: list[Sym], v: Sym, i: Sym, count: Sym, index: Sym) -> tuple[Sym, Sym] | None:
    """Where chunk v begins, from the first on, and how long all of them are, if each begins where the last one ends."""
    n = sym.extent_of(v)
    unit = _unit(index, i)
    if not sym.is_const(n) or not 1 < sym.value_of(n) <= CHUNKS or unit is None:
        return None
    if any({v, i} & sym.extent_of(u).free for u in vars_ if u is not i):
        return None
    base = _in_units({a: c for a, c in sym.terms_of(index)[1].items() if v in a.free}, *unit)
    if base is None or base.free & set(vars_) != {v}:
        return None
    at = [sym.substitute(base, {v: sym.integer(k)}) for k in range(sym.value_of(n))]
    long = [sym.substitute(count, {v: sym.integer(k)}) for k in range(sym.value_of(n))]
    if not all(same(sym.sub(b, a), k) for a, b, k in zip(at, at[1:], long, strict=False)):
        return None
    if not all(sym.likely_le(ZERO, k) for k in long):
        return None
    return sym.sub(base, at[0]), sym.sub(sym.add(at[-1], long[-1]), at[0])


def _unit(index: Sym, i: Sym) -> tuple[int, list[Sym]] | None:
    """What i is multiplied by in an index: a number, and sizes."""
    mine = [(a, c) for a, c in sym.terms_of(index)[1].items() if i in a.free]
    if len(mine) != 1:
        return None
    (a, c), = mine
    factors = list(a.args) if a.op == "prod" else [a]
    rest = [f for f in factors if f is not i]
    return (c, rest) if len(rest) == len(factors) - 1 and not any(i in f.free for f in rest) else None


def _in_units(terms: dict[Sym, int], times: int, sizes: list[Sym]) -> Sym | None:
    """A sum divided by a number and by sizes, where all of its terms are multiples of these."""
    total = ZERO
    for a, c in terms.items():
        factors = list(a.args) if a.op == "prod" else [a]
        if c % times or any(factors.count(f) < sizes.count(f) for f in sizes):
            return None
        for f in sizes:
            factors.remove(f)
        whole = sym.integer(c // times)
        for f in factors:
            whole = sym.mul(whole, f)
        total = sym.add(total, whole)
    return total
