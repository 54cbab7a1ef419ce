"""Comparisons in normal form: d < 0, d == 0, or two floats compared."""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd, inf

from xpiler.facts import sym
from xpiler.facts.sym.bounds import below_zero, bound
from xpiler.facts.sym.leaves import FALSE, ONE, TRUE, boolean, integer, is_const
from xpiler.facts.sym.logic import conjoin, disjoin, negate
from xpiler.facts.sym.nodes import BOOL, Sym, float_of, make, span, value_of
from xpiler.facts.sym.sums import add, linear, scale, sub, terms_of


def compare(op: str, a: Sym, b: Sym) -> Sym:
    if a.dtype.is_float or b.dtype.is_float:
        if a.op == b.op == "flt" and op in ("==", "!="):
            return boolean((float_of(a) == float_of(b)) == (op == "=="))
        told = _told(op, span(a), span(b))
        return make("cmp", (a, b), op, BOOL) if told is None else boolean(told)
    match op:
        case "<":
            return negative(sub(a, b))
        case "<=":
            return negative(sub(sub(a, b), ONE))
        case ">":
            return negative(sub(b, a))
        case ">=":
            return negative(sub(sub(b, a), ONE))
        case "==":
            return zero(sub(a, b))
        case "!=":
            return negate(zero(sub(a, b)))
    raise ValueError(op)


def _told(op: str, a: tuple[float, float], b: tuple[float, float]) -> bool | None:
    """How numbers within these bounds compare, where the bounds say: what has none may be a NaN."""
    if op in (">", ">="):
        return _told({">": "<", ">=": "<="}[op], b, a)
    if op == "<" and a[0] >= b[1] or op == "<=" and a[0] > b[1]:
        return False
    sure = op in ("<", "<=") and (a[1] < b[0] or op == "<=" and a[1] == b[0] and abs(a[1]) != inf)
    return True if sure else None


def negative(d: Sym) -> Sym:
    """d < 0"""
    if d.hi < 0 or below_zero(bound(d, True)):
        return TRUE
    if d.lo >= 0 or bound(d, False).lo >= 0:
        return FALSE
    const, terms = terms_of(d)
    for a, c in terms.items():
        if a.op == "call" and a.data in ("min", "max"):
            parts = [negative(add(sub(d, scale(a, c)), scale(x, c))) for x in a.args]
            both = (a.data == "max") == (c > 0)  # x < min(p, q): below both
            return conjoin(*parts) if both else disjoin(*parts)
    g = 0
    for c in terms.values():
        g = gcd(g, c)
    if g > 1:
        return negative(linear(const // g, {a: c // g for a, c in terms.items()}))
    if len(terms) > 1:
        coarse = _by_high_digit(const, terms)
        if coarse is not None:
            return negative(coarse)
    if len(terms) == 1:
        ((a, c),) = terms.items()
        if a.op == "sel" and is_const(a.args[1]) and is_const(a.args[2]):
            return sym.select(a.args[0], *(boolean(const + c * value_of(x) < 0) for x in a.args[1:]))
        if a.op == "div" and is_const(a.args[1]) and a.args[0].lo >= 0:
            x, m = a.args[0], value_of(a.args[1])
            if c == 1:  # x / m < k is x < k * m
                return negative(add(x, integer(const * m)))
            if c == -1:  # x / m > k is x >= (k + 1) * m
                return negative(sub(integer((const + 1) * m - 1), x))
    return make("lt", (d,), None, BOOL)


def _by_high_digit(const: int, terms: Mapping[Sym, int]) -> Sym | None:
    """16 * b + lane - 96 is negative where b - 6 is: what is negative where the terms are, of its high ones alone."""
    g = 0
    for c in sorted(map(abs, terms.values()), reverse=True):
        g = gcd(g, c)
        if g == 1:
            return None
        low = linear(const, {a: c for a, c in terms.items() if c % g})
        if not (-inf < low.lo and low.hi < inf):
            continue
        t = -(int(low.lo) // g)  # from here on it is not negative
        if g * (t - 1) + low.hi < 0:
            return linear(-t, {a: c // g for a, c in terms.items() if c % g == 0})
    return None


def _known(x: Sym) -> bool:
    """A number, or a choice between numbers."""
    return is_const(x) or x.op == "sel" and all(map(_known, x.args[1:]))


def zero(d: Sym) -> Sym:
    """d == 0"""
    if d.op == "sel" and _known(d):
        return sym.select(d.args[0], zero(d.args[1]), zero(d.args[2]))
    if d.lo > 0 or d.hi < 0:
        return FALSE
    if is_const(d):
        return boolean(value_of(d) == 0)
    const, terms = terms_of(d)
    if all(c < 0 for c in terms.values()):
        d = scale(d, -1)
    if len(terms) == 1:
        ((a, c),) = terms.items()
        if a.op == "div" and is_const(a.args[1]) and a.args[0].lo >= 0 and abs(c) == 1:
            x, first = a.args[0], -const * c * value_of(a.args[1])  # x / m == k is k * m <= x < (k + 1) * m
            return conjoin(compare(">=", x, integer(first)), compare("<", x, integer(first + value_of(a.args[1]))))
        if a.op == "call" and a.data in ("min", "max") and abs(c) == 1 and (end := integer(-const * c)) in a.args:
            other = a.args[a.args[0] is end]
            return compare(">=" if a.data == "min" else "<=", other, end)
    if const == 0 and len(terms) == 2 and sum(terms.values()) == 0 and _in_other_slots(*terms):
        return FALSE
    return make("eq", (d,), None, BOOL)


def _in_other_slots(a: Sym, b: Sym) -> bool:
    """x % n and y % n differ: y - x is no multiple of n."""
    if a.op != "mod" or b.op != "mod" or a.args[1] is not b.args[1] or not is_const(a.args[1]):
        return False
    x, y, n = a.args[0], b.args[0], value_of(a.args[1])
    apart = sub(y, x)
    return min(x.lo, y.lo) >= 0 and -inf < apart.lo and apart.hi < inf and int(apart.hi) // n * n < apart.lo
