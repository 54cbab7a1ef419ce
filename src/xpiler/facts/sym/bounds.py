"""What is below what, whatever the variables are within their ranges."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from math import inf

from xpiler.facts import sym
from xpiler.facts.sym.leaves import ONE, integer, is_const
from xpiler.facts.sym.nodes import Sym, bounded, extent_of, value_of
from xpiler.facts.sym.sums import add, mul, scale, sub, terms_of


@functools.lru_cache(maxsize=1 << 17)
def bound(x: Sym, upper: bool) -> Sym:
    """x with every bounded variable at the end of its range that makes x largest (or smallest)."""
    for _ in range(8):
        const, terms = terms_of(x)
        out, changed = integer(const), False
        for atom, c in terms.items():
            factors = atom.args if atom.op == "prod" else (atom,)
            if (c > 0) == upper and any(f.op == "var" and bounded(f) for f in factors):
                new = integer(c)
                for f in factors:
                    loop = f.op == "var" and bounded(f)
                    new = mul(new, sub(extent_of(f), ONE) if loop else f)
                out, changed = add(out, new), True
            elif any(f.op == "var" and bounded(f) for f in factors):
                changed = True  # at its smallest: 0
            else:
                out = add(out, scale(atom, c))
        x = out
        if not changed:
            return x
    return x


def below_zero(d: Sym) -> bool:
    """d < 0 everywhere; a minimum is as small as either of its arguments, and no smaller than the smaller one."""
    if d.hi < 0:
        return True
    _, terms = terms_of(d)
    for a, c in terms.items():
        if c < 0 and a.op == "div" and a.args[0].op == "call" and a.args[0].data == "max" and a.args[1].lo > 0:
            rest = sub(d, scale(a, c))  # the quotient is no less than that of either
            if any(below_zero(add(rest, scale(sym.div(x, a.args[1]), c))) for x in a.args[0].args):
                return True
        if c > 0 and a.op == "mod" and a.hi == inf and is_const(a.args[1]):  # less than that, whatever its sign
            return below_zero(add(sub(d, scale(a, c)), integer(c * (abs(value_of(a.args[1])) - 1))))
    rounded = next((a for a in terms if terms[a] < 0 and _rounds(a, terms)), None)
    if rounded is not None:
        x, m = rounded.args[0], value_of(rounded.args[1])
        least = scale(sub(x, integer(m - 1)), terms[rounded])
        if below_zero(add(scale(sub(d, scale(rounded, terms[rounded])), m), least)):
            return True
    for a, c in terms.items():
        if a.op == "call" and a.data in ("min", "max"):
            way = any if (c > 0) == (a.data == "min") else all
            return way(below_zero(bound(add(sub(d, scale(a, c)), scale(x, c)), True)) for x in a.args)
        if c < 0 and a.op == "div" and is_const(a.args[1]) and value_of(a.args[1]) > 0 > a.lo:
            if sub(d, scale(a, c)).hi < 0:
                return not_negative(a.args[0])
        if a.op == "div" and is_const(a.args[1]) and any(_reach(a.args[0]) & x.free for x in terms if x is not a):
            m = value_of(a.args[1])
            # What is rounded down is no more, and less by less than the divisor.
            if m > 0 and (c < 0 or not_negative(a.args[0])):
                most = a.args[0] if c > 0 else sub(a.args[0], integer(m - 1))
                return below_zero(bound(add(scale(sub(d, scale(a, c)), m), scale(most, c)), True))
    return False


def _rounds(a: Sym, beside: Mapping[Sym, int]) -> bool:
    """A quotient of a sum with a minimum or maximum that also stands beside it: what is rounded up is no less."""
    inside = terms_of(a.args[0])[1] if a.op == "div" and is_const(a.args[1]) and value_of(a.args[1]) > 0 else {}
    return any(x.op == "call" and x in beside for x in inside)


@functools.lru_cache(maxsize=1 << 12)
def _reach(x: Sym) -> frozenset[Sym]:
    """The variables of x, and those that say how far they go."""
    return x.free.union(*(extent_of(v).free for v in x.free if bounded(v)))


def not_negative(x: Sym) -> bool:
    return x.lo >= 0 or below_zero(bound(sub(integer(-1), x), True))


def prove_lt(a: Sym, b: Sym) -> bool:
    """a < b for every value of the variables in range."""
    d = sub(a, b)
    return d.hi < 0 or below_zero(bound(d, True)) or _tied(d) and below_zero(d)


def _tied(d: Sym) -> bool:
    """Loop variables are in a quotient and beside it: what makes one large makes the other so."""
    terms = terms_of(d)[1]
    apart = frozenset(a for a in terms if a.op == "var" and bounded(a))
    return any(a.op == "div" and a.free & apart for a in terms)
