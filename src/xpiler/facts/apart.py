"""Elements that are never the same one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import inf

from xpiler.facts import sym
from xpiler.facts.decided import most
from xpiler.facts.sym import FALSE, TRUE, Sym


def never_meet(a: Sym, b: Sym, path: Sym = TRUE) -> bool:
    """Two indices differ whatever their variables are where `path` holds: one is larger, or what is left of the
    difference beside the multiples of some number reaches no multiple of it."""
    apart = sym.sub(a, b)
    const, terms = sym.terms_of(apart)
    if not terms:
        return const != 0
    if apart.lo > 0 or apart.hi < 0 or _in_other_slots(const, terms, path):
        return True
    for by in {abs(c) for c in terms.values()} - {1}:
        rest = [(t, c) for t, c in terms.items() if c % by]
        low = const + sum(min(c * t.lo, c * t.hi) for t, c in rest)
        high = const + sum(max(c * t.lo, c * t.hi) for t, c in rest)
        if -inf < low and high < inf and high // by * by < low:
            return True
    return False


def _in_other_slots(const: int, terms: Mapping[Sym, int], path: Sym) -> bool:
    """A number is not zero, whose largest part is how far apart two slots are, of those that take turns."""
    for (a, c), (b, d) in combinations(terms.items(), 2):
        if c == -d and a.op == b.op == "mod" and sym.compare("==", a, b) is FALSE:
            rest = sym.linear(const, {x: k for x, k in terms.items() if x not in (a, b)})
            if all(_below(x, abs(c), path) for x in (rest, sym.scale(rest, -1))):
                return True
    return False


def _below(x: Sym, limit: int, path: Sym) -> bool:
    """x < limit, with the loops in it as far as they go."""
    return x.hi < limit or most(sym.bound(x, upper=True), frozenset(sym.conjuncts(path))) < limit
