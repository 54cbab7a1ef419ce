"""A sum whose terms are kept relative to a running maximum, as softmax in one pass and attention over tiles do.

    top' = max(top, t);  d = d * exp(top - top') + c * exp(u - top')      ->      d = sum of c * exp(u - the largest t)

Of two such sums, one is often taken as it is, and the other moved to its maximum; `merged` moves both to the larger.
By exp(a) * exp(b) = exp(a + b): over the real numbers, and where the maximum is finite."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from xpiler.facts import sym
from xpiler.facts.reductions import uses
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType

_EXPONENTIALS = ("exp", "exp2")


@dataclass(frozen=True)
class Relative:
    """What an iteration adds to such a sum, with `top(dtype)` for the new maximum; terms are multiples of
    base(-scale * maximum)."""

    base: str
    scale: float
    rest: Sym

    def at(self, maximum: Sym) -> Sym:
        """What an iteration adds, relative to this maximum."""
        here = top(maximum.dtype)
        return sym.rewrite(self.rest, lambda n: maximum if n is here else None)

    def moved(self, value: Sym, old: Sym, new: Sym) -> Sym:
        """A sum relative to one maximum, relative to another."""
        if sym.is_identity("+", value):
            return value
        far = sym.binary("-", old, new, old.dtype)
        if self.scale != 1.0:
            far = sym.binary("*", far, sym.number(self.scale, far.dtype), far.dtype)
        return sym.binary("*", value, sym.call(self.base, (far,), value.dtype), value.dtype)


def top(dtype: DType) -> Sym:
    """Stands for the maximum."""
    return sym.previous("~top", dtype)


def relative(value: Sym, old: Sym, before: Sym, after: Sym) -> Relative | None:
    """value as a sum that was `old` relative to the maximum `before` and is relative to the maximum `after`."""
    here = top(after.dtype)
    marked = sym.rewrite(value, lambda n: here if n is after else None)
    parts = summands(marked)
    mine = [p for p in parts if uses(p, old)]
    if len(mine) != 1:
        return None
    factors = _factors(mine[0])
    others = [f for f in factors if f is not old]
    if len(others) != 1 or len(factors) != 2:
        return None
    (by,) = others
    if by.op != "call" or by.data not in _EXPONENTIALS:
        return None
    scale = _multiple(by.args[0], before, here)
    rest = [p for p in parts if p is not mine[0]]
    if scale is None or any(uses(p, before) or not _kept(p, str(by.data), scale, here) for p in rest):
        return None
    total = sym.number(0.0, value.dtype)
    for p in rest:
        total = sym.combine("+", total, p, value.dtype)
    return Relative(str(by.data), scale, total)


@lru_cache(maxsize=4096)
def merged(value: Sym) -> Sym:
    """u > v ? p + q * exp(v - u) : q + p * exp(u - v) as p * exp(u - m) + q * exp(v - m), m the larger of u and v;
    another value as it is."""
    if not value.dtype.is_float or "call" not in value.has:
        return value
    tests = {_test(n.args[0]) for n in sym.collect(value, lambda n: n.op == "sel" and n.args[0].op in ("cmp", "not"))}
    if len(tests) != 1 or not sym.collect(value, lambda n: n.op == "call" and n.data in _EXPONENTIALS):
        return value
    (test,) = tests
    if test.op != "cmp" or test.data not in (">", ">=", "<", "<=") or not test.args[0].dtype.is_float:
        return value
    u, v = test.args if test.data in (">", ">=") else test.args[::-1]
    first, second = _apart(_where(value, test, u, v), v, u), _apart(_where(value, sym.negate(test), v, u), u, v)
    if first is None or second is None or first[0] != second[0] or first[1:] != second[:0:-1]:
        return value
    (base, scale), mine, others = first
    larger = sym.call("max", (u, v), u.dtype)
    total = sym.number(0.0, value.dtype)
    for parts, at in ((mine, u), (others, v)):
        for p in sorted(parts, key=lambda p: p.uid):
            total = sym.combine("+", total, _moved(p, at, larger, base, scale), value.dtype)
    return total


def _test(cond: Sym) -> Sym:
    return cond.args[0] if cond.op == "not" else cond


def _where(x: Sym, holds: Sym, larger: Sym, smaller: Sym) -> Sym:
    """x where a comparison holds, which says which of two is the larger."""
    fails = sym.negate(holds)

    def rule(n: Sym) -> Sym | None:
        if n.op == "sel" and n.args[0] in (holds, fails):
            return sym.rewrite(n.args[1 if n.args[0] is holds else 2], rule)
        if n.op == "call" and n.data in ("max", "min") and {*n.args} == {larger, smaller}:
            return larger if n.data == "max" else smaller
        return None

    return sym.rewrite(x, rule)


def _apart(x: Sym, smaller: Sym, larger: Sym) -> tuple[tuple[str, float], frozenset[Sym], frozenset[Sym]] | None:
    """x as a sum of what is relative to the larger of two maxima, and what is moved there from the smaller; the first
    of the result says by which exponential. None if nothing is moved."""
    by: set[tuple[str, float]] = set()
    sides: tuple[list[Sym], list[Sym]] = ([], [])
    for part in summands(x):
        rest, moved = sym.number(1.0, x.dtype), False
        for f in _factors(part):
            scale = _multiple(f.args[0], smaller, larger) if f.op == "call" and f.data in _EXPONENTIALS else None
            if scale is None:
                rest = sym.binary("*", rest, f, x.dtype)
            else:
                by.add((str(f.data), scale))
                moved = True
        if not any(f.op == "flt" and sym.float_of(f) == 0.0 for f in _factors(part)):
            sides[moved].append(rest)
    here, there = map(frozenset, sides)
    if len(by) != 1 or len(here) + len(there) != len(sides[0]) + len(sides[1]):
        return None
    return by.pop(), here, there


def _moved(x: Sym, old: Sym, new: Sym, base: str, scale: float) -> Sym:
    """A value relative to one maximum, relative to another."""
    if _kept(x, base, scale, old):
        return sym.rewrite(x, lambda n: new if n is old else None)
    return Relative(base, scale, x).moved(x, old, new)


def telescoped(x: Sym) -> Sym:
    """x with sums that were moved from maximum to maximum moved to the last of them at once."""
    if "call" not in x.has:
        return x
    memo: dict[Sym, Sym] = {}

    def visit(n: Sym) -> Sym:
        got = memo.get(n)
        if got is None:
            args = tuple(visit(a) for a in n.args) if "call" in n.has else n.args
            got = n if args == n.args else sym.rebuild(n, args)
            got = memo[n] = _at_once(got)
        return got

    return visit(x)


def _at_once(x: Sym) -> Sym:
    """p * exp(u - m) where p is relative to u."""
    if x.op != "bin" or x.data != "*":
        return x
    for p, by in (x.args, x.args[::-1]):
        if by.op != "call" or by.data not in _EXPONENTIALS:
            continue
        inner, scale = _scaled(by.args[0])
        if inner.op == "bin" and inner.data == "-":
            (old, c), (new, d) = _scaled(inner.args[0]), _scaled(inner.args[1])
            if c == d and old.op in ("call", "fold") and _kept(p, str(by.data), scale * c, old):
                return sym.rewrite(p, lambda n, old=old, new=new: new if n is old else None)  # type: ignore[misc]
    return x


def summands(x: Sym) -> list[Sym]:
    """x as a sum; one that goes on from another is two."""
    if x.op == "bin" and x.data == "+":
        return [*summands(x.args[0]), *summands(x.args[1])]
    if x.op == "fold" and sym.fold_op(x) == "+" and not sym.is_identity("+", x.args[1]):
        alone = sym.fold("+", sym.fold_vars(x), x.args[0], sym.identity_of("+", x.dtype), x.dtype)
        return [*summands(x.args[1]), alone]
    if x.op == "call" and x.data == "fma":
        a, b, c = x.args
        return [sym.binary("*", a, b, x.dtype), *summands(c)]
    return [x]


def _factors(x: Sym) -> list[Sym]:
    if x.op == "bin" and x.data == "*":
        return [*_factors(x.args[0]), *_factors(x.args[1])]
    return [x]


def _scaled(x: Sym) -> tuple[Sym, float]:
    """x as a constant times something."""
    if x.op == "bin" and x.data == "*":
        for a, b in (x.args, x.args[::-1]):
            if b.op == "flt":
                inner, c = _scaled(a)
                return inner, c * sym.float_of(b)
    return x, 1.0


def _multiple(x: Sym, a: Sym, b: Sym) -> float | None:
    """s where x = s * (a - b)."""
    inner, s = _scaled(x)
    if inner.op != "bin" or inner.data != "-":
        return None
    (left, c), (right, d) = _scaled(inner.args[0]), _scaled(inner.args[1])
    return s * c if left is a and right is b and c == d else None


def _kept(x: Sym, base: str, scale: float, here: Sym) -> bool:
    """x is a multiple of base(-scale * here), by something that does not depend on `here`."""
    def kept(y: Sym) -> bool:
        return _kept(y, base, scale, here)

    def free(y: Sym) -> bool:
        return not uses(y, here)

    match x.op:
        case "flt":
            return sym.float_of(x) == 0.0
        case "call" if x.data == base:
            inner, s = _scaled(x.args[0])
            if inner.op != "bin" or inner.data != "-" or not free(inner.args[0]):
                return False
            last, c = _scaled(inner.args[1])
            return last is here and s * c == scale
        case "call" if x.data == "fma":
            a, b, c3 = x.args
            return (kept(a) and free(b) or free(a) and kept(b)) and kept(c3)
        case "bin" if x.data == "*":
            a, b = x.args
            return kept(a) and free(b) or free(a) and kept(b)
        case "bin" if x.data in ("+", "-"):
            return all(map(kept, x.args))
        case "bin" if x.data == "/":
            return kept(x.args[0]) and free(x.args[1])
        case "un" if x.data == "-":
            return kept(x.args[0])
        case "fold" if sym.fold_op(x) == "+":
            return kept(x.args[0]) and (sym.is_identity("+", x.args[1]) or kept(x.args[1]))
        case "sel":
            return free(x.args[0]) and kept(x.args[1]) and kept(x.args[2])
    return False
