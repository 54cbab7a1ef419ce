"""Sums over the same iterations, each of what a condition of its own keeps, as one loop that adds what is there.

    sum(k: c[k] ? x[k] : 0) + sum(k: d[k] ? y[k] : 0)      ->      for k: s += (c[k] ? x[k] : 0) + (d[k] ? y[k] : 0)
"""

from __future__ import annotations

from functools import reduce

from xpiler.facts import sym
from xpiler.facts.sym import Sym


def joined(x: Sym) -> Sym | None:
    """A sum of such sums as one; None where x is none. It is not to be normalised: that takes it apart again."""
    parts = addends(x)
    if len(parts) < 2 or not all(map(_kept, parts)):
        return None
    first, *others = parts
    vs = sym.fold_vars(first)
    extents = [sym.extent_of(v) for v in vs]
    if any([sym.extent_of(v) for v in sym.fold_vars(f)] != extents or f.free != first.free for f in others):
        return None
    bodies = [sym.substitute(f.args[0], dict(zip(sym.fold_vars(f), vs, strict=True))) for f in parts]
    body = reduce(lambda a, b: sym.make("bin", (a, b), "+", x.dtype), bodies)
    return sym.make("fold", (body, first.args[1]), first.data, x.dtype)


def flat(f: Sym) -> Sym:
    """A sum of such sums over inner loops as one over all of them."""
    body = joined(f.args[0]) if sym.fold_op(f) == "+" else None
    if body is None or not sym.is_identity("+", body.args[1]) or body.dtype is not f.dtype:
        return f
    return sym.make("fold", (body.args[0], f.args[1]), ("+", (*sym.fold_vars(f), *sym.fold_vars(body))), f.dtype)


def addends(x: Sym) -> list[Sym]:
    """What x is the sum of."""
    return [t for a in x.args for t in addends(a)] if x.op == "bin" and x.data == "+" else [x]


def padded(x: Sym) -> bool:
    """Whether x is nothing where its condition does not hold."""
    return x.op == "sel" and sym.is_identity("+", x.args[2])


def _kept(x: Sym) -> bool:
    return x.op == "fold" and sym.fold_op(x) == "+" and padded(x.args[0]) and sym.is_identity("+", x.args[1])
