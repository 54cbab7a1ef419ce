"""C's integer operations on index polynomials. Nothing overflows: sizes and products stay below 2^31."""

from __future__ import annotations

from xpiler.ir.types import DType
from xpiler.verify.proof.index import (
    TRUE, Atom, Formula, Poly, at_least, below, both, either, equal, floor_div, floor_mod, interval, ite, negated,
    poly, power_of_two, trunc_div,
)
from xpiler.verify.proof.solver import Facts, Outside

# The largest multiple of an unbounded number that is taken for a stride.
MODEST = 1 << 19


def binary(op: str, a: Poly, b: Poly, facts: Facts) -> Poly:
    """a op b; Outside where an operation on bits has no arithmetic meaning here."""
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/" | "%":
            q = divided(a, b, facts)
            return q if op == "/" else a - b * q
        case "<<":
            if a.constant == 1:
                return power_of_two(b)
            if b.constant is not None and 0 <= b.constant < 63:
                return a * (1 << b.constant)
        case ">>":
            if b.constant is not None and 0 <= b.constant < 63:
                return floor_div(a, poly(1 << b.constant))
            return _shifted(a, b, facts)
        case "&":
            return _and(a, b, facts)
        case "^":
            return _xor(a, b, facts)
        case "|":
            return _or(a, b, facts)
    raise Outside(f"`{op}` on an index")


def divided(a: Poly, b: Poly, facts: Facts) -> Poly:
    """C's a / b, as a floor division where the signs are known."""
    if b.constant is not None and b.constant < 0:
        return -divided(a, -b, facts)
    if not facts.entails(at_least(b, 1)):
        raise Outside("a division by what may not be positive")
    low, _ = interval(a)
    if (low is not None and low >= 0) or facts.entails(at_least(a, 0)):
        return small(floor_div(a, b), facts)
    return trunc_div(a, b)


def small(p: Poly, facts: Facts) -> Poly:
    """The polynomial without divisions that are zero here."""
    for m, _ in p.sorted:
        for a in m:
            if a.kind == "div" and _is_small(a, facts):
                return small(_without(p, a), facts)
    return p


def _is_small(a: Atom, facts: Facts) -> bool:
    x, c = a.args
    low, _ = interval(x)
    return ((low is not None and low >= 0) or facts.entails(at_least(x, 0))) and facts.entails(below(x, c))


def _without(p: Poly, a: Atom) -> Poly:
    return Poly({m: c for m, c in p.terms.items() if a not in m})


def _ones(p: Poly) -> Poly | None:
    """n where p is 2^n - 1."""
    k = p.constant
    if k is not None:
        return poly((k + 1).bit_length() - 1) if k >= 0 and k & (k + 1) == 0 else None
    q = p + 1
    if len(q.terms) == 1:
        ((m, c),) = q.terms.items()
        if c == 1 and len(m) == 1 and m[0].kind == "pow2":
            return m[0].args[0]
    return None


def _shifted(a: Poly, b: Poly, facts: Facts) -> Poly:
    """(2^n - 1) >> b is 2^(n - b) - 1, or nothing: kept as how many ones are left."""
    n = _ones(a)
    if n is None or not facts.entails(both([at_least(n, 0), at_least(b, 0), below(n, 64), below(b, 64)])):
        raise Outside("a shift by what is not a number")
    left = ite(at_least(n, b), n - b, poly(0))
    return power_of_two(left) - 1


def _and(a: Poly, b: Poly, facts: Facts) -> Poly:
    """a & k, digit by digit: of every row of ones in k what stands there in a."""
    if a.constant is not None and b.constant is not None:
        return poly(a.constant & b.constant)
    a, b = (b, a) if a.constant is not None else (a, b)
    k = b.constant
    if k is None:
        raise Outside("`&` of what is not a number")
    n = _ones(a)
    if n is not None and k == 1:
        return ite(at_least(n, 1), poly(1), poly(0))
    if any(x.kind == "pow2" for m in a.terms for x in m):
        raise Outside("`&` of a power of two")
    if k < 0:
        return a - _and(a, poly(~k), facts)
    out = poly(0)
    while k:
        least = k & -k
        row = k & ~(k + least)  # as far as the ones go on
        out = out + floor_mod(floor_div(a, poly(least)), poly(row // least + 1)) * least
        k &= ~row
    return out


def _xor(a: Poly, b: Poly, facts: Facts) -> Poly:
    """a ^ 2^k: the bit is taken away or added."""
    if a.constant is not None and b.constant is not None:
        return poly(a.constant ^ b.constant)
    a, b = (b, a) if a.constant is not None else (a, b)
    k = b.constant
    if k is None or k < 0:
        raise Outside("`^` of what are not numbers")
    out = a
    for bit in range(k.bit_length()):
        if k >> bit & 1:
            w = 1 << bit
            is_set = equal(floor_mod(floor_div(a, poly(w)), poly(2)), 1)
            if is_set.op not in ("true", "false"):
                is_set = TRUE if facts.entails(is_set) else is_set
                is_set = Formula("false") if facts.refutes(is_set) else is_set
            out = out + ite(is_set, poly(-w), poly(w))
    return out


def _or(a: Poly, b: Poly, facts: Facts) -> Poly:
    """a | b where no bit is in both, so that it is a sum."""
    if a.constant is not None and b.constant is not None:
        return poly(a.constant | b.constant)
    for x, y in ((a, b), (b, a)):
        _, hi = interval(y)
        if hi is not None and hi >= 0:
            w = poly(1 << hi.bit_length())
            if facts.entails(at_least(y, 0)) and floor_mod(x, w).constant == 0:
                return x + y
    raise Outside("`|` of bits that may be in both")


def compared(op: str, a: Poly, b: Poly) -> Formula:
    """A comparison of C's."""
    match op:
        case "<":
            return below(a, b)
        case "<=":
            return at_least(b, a)
        case ">":
            return below(b, a)
        case ">=":
            return at_least(a, b)
        case "==":
            return equal(a, b)
        case "!=":
            return negated(equal(a, b))
    raise TypeError(f"not a comparison: {op}")


def nonzero(p: Poly) -> Formula:
    """p != 0, seeing through what is 1 or 0 by a condition."""
    if len(p.terms) == 1:
        ((m, c),) = p.terms.items()
        if len(m) == 1 and m[0].kind == "ite" and c:
            cond, (a, b) = m[0].cond, m[0].args
            assert cond is not None
            return either([both([cond, nonzero(a)]), both([negated(cond), nonzero(b)])])
    return negated(equal(p, 0))


def limits(dtype: DType) -> tuple[int, int]:
    """The least and the greatest value of an integer type."""
    if dtype is DType.BOOL:
        return 0, 1
    top = 1 << (dtype.bits - dtype.is_signed)
    return (-top if dtype.is_signed else 0), top - 1


def wrapped(n: int, dtype: DType) -> int:
    """A number as an integer type keeps it."""
    low, _ = limits(dtype)
    return (n - low) % (1 << dtype.bits) + low


def held(p: Poly, dtype: DType, facts: Facts) -> Poly:
    """The result of an operation of a type. Sizes do not overflow, but numbers do: what is known to reach beyond the
    type has no place here, but for an unsigned number, which wraps."""
    low, high = limits(dtype)
    n = p.constant
    if n is not None and not low <= n <= high:
        if dtype.is_signed:
            raise Outside(f"a number that is none of {dtype}")
        return poly(wrapped(n, dtype))
    lo, hi = interval(p)
    over = hi is not None and hi > high and not facts.entails(at_least(poly(high), p))
    under = lo is not None and lo < low and not facts.entails(at_least(p, low))
    if over or under or (hi is None and not _modest(p) and not fits(p, dtype, facts)):
        raise Outside(f"a value that may not fit {dtype}")
    return p


def _modest(p: Poly) -> bool:
    """Whether a multiple of a size is one that indices have; a hash multiplies by more, in order to overflow."""
    return all(abs(c) <= MODEST for m, c in p.terms.items() if m)


def fits(p: Poly, dtype: DType, facts: Facts) -> bool:
    """Whether a value keeps itself in a narrower integer type."""
    low, high = limits(dtype)
    lo, hi = interval(p)
    if lo is not None and hi is not None and low <= lo and hi <= high:
        return True
    n = _ones(p)
    if n is not None:
        return facts.entails(both([at_least(n, 0), at_least(poly(dtype.bits), n)])) and not dtype.is_signed
    return facts.entails(both([at_least(p, low), at_least(poly(high), p)]))
