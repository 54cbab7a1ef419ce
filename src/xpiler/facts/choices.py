"""Choices between values of a kind, one for each iteration of a short loop.

    i == 0 ? sum of x[k][0] : i == 1 ? sum of x[k][1] : ...      ->      sum of x[k][i]

as what is left of sums that were taken together, a register each, and put side by side at the end."""

from __future__ import annotations

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType

MOST = 16  # iterations
_VALUES = frozenset({"fold", "ld"})  # what is worth being one


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
    one = _by(v, each[0], each[1]) if each[0].op in _VALUES else None
    if one is None or any(sym.substitute(one, {v: sym.integer(k)}) is not x for k, x in enumerate(each)):
        return None
    return one


def _by(v: Sym, a: Sym, b: Sym) -> Sym | None:
    """What is a where v is 0 and b where it is 1, if numbers in them are all that differs."""
    if a is b:
        return a
    if a.dtype is not b.dtype:
        return None
    if a.dtype is DType.I32:
        apart = sym.sub(b, a)
        if sym.is_const(apart):
            return sym.add(a, sym.mul(v, apart))
    if a.op != b.op or a.data != b.data or len(a.args) != len(b.args) or not a.args:
        return None
    both = [x for x in a.args if x in b.args] if a.op in ("prod", "and", "or") else []
    ours, theirs = ([x for x in n.args if x not in both] for n in (a, b))
    if len(ours) != len(theirs):
        return None
    args = [_by(v, x, y) for x, y in zip(ours, theirs, strict=True)]
    return None if None in args else sym.rebuild(a, (*both, *(x for x in args if x is not None)))
