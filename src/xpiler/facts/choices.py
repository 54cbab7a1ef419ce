"""Choices between values of a kind, one for each iteration of a short loop.

    i == 0 ? sum of x[k][0] : i == 1 ? sum of x[k][1] : ...      ->      sum of x[k][i]

as what is left of sums that were taken together, a register each, and put side by side at the end."""

from __future__ import annotations

from functools import lru_cache

from xpiler.facts import sym
from xpiler.facts.sym import Sym

MOST = 16  # iterations
_VALUES = frozenset({"fold", "ld"})  # what is worth being one


@lru_cache(maxsize=4096)
def united(x: Sym) -> Sym:
    """x with such choices made one."""
    return sym.rewrite(x, _united) if x.has & _VALUES else x


def _united(n: Sym) -> Sym | None:
    if n.op != "sel" or len(n.args[0].free) != 1:
        return None
    (v,) = n.args[0].free
    if not sym.bounded(v) or not 1 <= v.hi < MOST:
        return None
    each = [united(sym.substitute(n, {v: sym.integer(k)})) for k in range(int(v.hi) + 1)]
    a, b = each[:2]
    one = sym.between(a, b, v) if a.op in _VALUES and sym.is_shift(a, b) else None
    if one is None or any(sym.substitute(one, {v: sym.integer(k)}) is not x for k, x in enumerate(each)):
        return None
    return one
