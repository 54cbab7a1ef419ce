"""Reductions that a condition ends early run no further: lanes have no iterations that add nothing.

    for k in n: if (k < m) s += f(k)        ->      for k in min(n, m): s += f(k)

In a causal softmax m is the row's number and one more, which is no more than n: then it is all there is to say.
"""

from __future__ import annotations

from collections.abc import Collection

from xpiler.facts import sym
from xpiler.facts.sym import ONE, Sym
from xpiler.ir.types import DType


def shortened(x: Sym) -> Sym:
    """A reduction without the conditions that say how many iterations of a loop there are."""
    op, (body, init), loops = sym.fold_op(x), x.args, [*sym.fold_vars(x)]
    if body.op != "sel" or not sym.is_identity(op, body.args[2]):
        return x
    guards, inner = [*sym.conjuncts(body.args[0])], body.args[1]
    for n, v in enumerate(loops):
        if any(v in sym.extent_of(u).free for u in loops):
            continue
        ends = {g: end for g in guards if (end := _end(g, v, loops)) is not None}
        for guard, end in ends.items():
            shorter = sym.fresh("k", _lesser(end, sym.extent_of(loops[n])))
            moved = {loops[n]: shorter}
            guards = [sym.substitute(g, moved) for g in guards if g is not guard]
            inner, loops[n] = sym.substitute(inner, moved), shorter
    if all(v in loops for v in sym.fold_vars(x)):
        return x
    whole = inner if not guards else sym.make("sel", (sym.conjoin(*guards), inner, body.args[2]), None, inner.dtype)
    return sym.make("fold", (whole, init), (op, tuple(loops)), x.dtype)


def _end(guard: Sym, v: Sym, loops: Collection[Sym]) -> Sym | None:
    """n in v < n, where that does not depend on the reduction's loops."""
    const, terms = sym.terms_of(guard.args[0]) if guard.op == "lt" else (0, {})
    others = {a: c for a, c in terms.items() if a is not v}
    if terms.get(v) != 1 or any(not a.free.isdisjoint(loops) for a in others):
        return None
    return sym.scale(sym.linear(const, others), -1)


def _lesser(a: Sym, b: Sym) -> Sym:
    """The minimum of two, a where that is known to be no more."""
    return a if sym.sub(_least(b), _most(a)).lo >= 0 else sym.call("min", (a, b), DType.I32)


def _most(x: Sym) -> Sym:
    """What x is no more than, without the loops it counts with."""
    const, terms = sym.terms_of(x)
    out = sym.integer(const)
    for a, c in terms.items():
        last = a.op == "var" and sym.bounded(a) and c > 0
        out = sym.add(out, sym.scale(sym.sub(sym.extent_of(a), ONE) if last else a, c))
    return out


def _least(x: Sym) -> Sym:
    """What x is no less than, without divisions that are multiplied again: 8 * ((n + 7) / 8) is n at least."""
    const, terms = sym.terms_of(x)
    out, changed = sym.integer(const), False
    for a, c in terms.items():
        size = sym.value_of(a.args[1]) if a.op == "div" and sym.is_const(a.args[1]) else 0
        whole = size > 0 and c > 0 and c % size == 0
        low, times = (sym.sub(a.args[0], sym.integer(size - 1)), c // size) if whole else (a, c)
        out = sym.add(out, sym.scale(low, times))
        changed = changed or whole
    return _least(out) if changed else out
