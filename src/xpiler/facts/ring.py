"""Slots of a buffer that take turns: what was written into one of them last."""

from __future__ import annotations

from math import inf

from xpiler.facts import sym
from xpiler.facts.decided import settled
from xpiler.facts.sym import ONE, TRUE, ZERO, Sym
from xpiler.facts.writes import Write


def forward(index: Sym) -> Sym:
    """1 - x % 2 as (x + 1) % 2: the other one of two slots."""
    const, terms = sym.terms_of(index)
    out = sym.integer(const)
    for a, c in terms.items():
        if c < 0 and a.op == "mod" and a.args[1] is sym.integer(2) and a.args[0].lo >= 0:
            out = sym.add(out, sym.scale(sym.mod(sym.add(a.args[0], ONE), a.args[1]), -c), sym.integer(c))
        else:
            out = sym.add(out, sym.scale(a, c))
    return out


def turns_ago(written: Sym, read: Sym, k: Sym) -> Sym | None:
    """How many iterations before k the last one was that wrote into the slot of a ring which is read: written[(k + c) %
    n], read[x % n], and as many whole rounds further on k - n <= x - c < k."""
    mine = _turning(written, k)
    if mine is None:
        return None
    slot, unit = mine
    for at, weight in sym.terms_of(read)[1].items():
        if weight == unit and at.op == "mod" and at.args[1] is slot.args[1]:
            n, back = sym.value_of(at.args[1]), sym.sub(slot.args[0], at.args[0])
            back = _rounds_on(back, n, 1)
            if k not in back.free and back.lo >= 1 and back.hi <= n:
                return back
    return None


def slots(w: Write, k: Sym, trips: Sym) -> Write | None:
    """What all iterations k leave in the slots they take in turn: for each slot, what the last one to have it wrote."""
    mine = _turning(w.index, k)
    if mine is None or k in w.guard.free or any(k in sym.extent_of(v).free for v in w.vars):
        return None
    slot, _ = mine
    n, ahead = sym.value_of(slot.args[1]), sym.sub(slot.args[0], k)
    if k in ahead.free or ahead.lo < 0:
        return None
    s = sym.fresh("s", slot.args[1])
    last = sym.sub(trips, ONE)
    turns = sym.sub(sym.add(last, ahead, slot.args[1]), s)  # not negative where there is an iteration
    since = sym.mod(_rounds_on(turns, n, 0), slot.args[1])
    at = sym.sub(last, since)
    happens = sym.conjoin(w.guard, sym.compare("<", ZERO, trips), sym.compare("<=", ZERO, at))
    index = sym.rewrite(w.index, lambda x: s if x is slot else None)
    return Write((*(v for v in w.vars if v is not k), s), index, happens, sym.substitute(w.value, {k: at}))


def _turning(index: Sym, k: Sym) -> tuple[Sym, int] | None:
    """The part of an index that says whose turn it is, (k + c) % n, if that is all it takes of k, and its weight."""
    mine = [(a, c) for a, c in sym.terms_of(index)[1].items() if k in a.free]
    if len(mine) != 1 or mine[0][0].op != "mod" or not sym.is_const(mine[0][0].args[1]):
        return None
    return mine[0]


def _rounds_on(x: Sym, n: int, least: int) -> Sym:
    """x and as many whole rounds as it takes for it not to be less than something."""
    if not -inf < x.lo < least:
        return x
    return sym.add(x, sym.integer(-(-(least - int(x.lo)) // n) * n))


def turned(index: Sym, path: Sym) -> Sym:
    """An index with its turns as remainders of what is never negative, where `path` says so of them: (n - 1) % 2 as
    (n + 1) % 2 where n > 0."""

    def rule(x: Sym) -> Sym | None:
        if x.op != "mod" or not sym.is_const(x.args[1]) or not -inf < x.args[0].lo < 0:
            return None
        if settled(sym.assume(sym.compare("<=", ZERO, x.args[0]), path), path) is not TRUE:
            return None
        return sym.mod(_rounds_on(x.args[0], sym.value_of(x.args[1]), 0), x.args[1])

    return sym.rewrite(index, rule)
