"""The value of an IR expression as a sum of atoms: C's operators on integers, one by one."""

from __future__ import annotations

from xpiler.ir.types import DType
from xpiler.verify.argue.terms import Cond, Poly, Terms, at_most, below, equal, negate, number

_MOST_BITS = 12  # of a mask that is worked out bit by bit


def limits(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest value of an integer type."""
    if dtype is DType.BOOL:
        return 0, 1
    low = -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
    return low, low + (1 << dtype.bits) - 1


def wrapped(terms: Terms, p: Poly, dtype: DType, *, converted: bool = False) -> Poly:
    """A result in its type: unsigned arithmetic and conversions wrap; signed arithmetic does not overflow."""
    low, high = limits(dtype)
    if (dtype.is_signed and not converted) or (low <= p.low and p.high <= high):
        return p
    return terms.mod(p - number(low), 1 << dtype.bits) + number(low)


def compared(op: str, a: Poly, b: Poly) -> Cond:
    match op:
        case "<":
            return below(a, b)
        case "<=":
            return at_most(a, b)
        case ">":
            return below(b, a)
        case ">=":
            return at_most(b, a)
        case "==":
            return equal(a, b)
        case "!=":
            return negate(equal(a, b))
    raise TypeError(f"not a comparison: {op}")


def combined(terms: Terms, op: str, a: Poly, b: Poly, dtype: DType) -> Poly | None:
    """a op b of an integer type; None where the operator's result is not followed."""
    match op:
        case "+":
            return wrapped(terms, a + b, dtype)
        case "-":
            return wrapped(terms, a - b, dtype)
        case "*":
            return wrapped(terms, terms.mul(a, b), dtype)
        case "/":
            return terms.quo(a, b)
        case "%":
            return terms.rem(a, b)
        case "<<" if b.known is not None and 0 <= b.known < dtype.bits:
            return wrapped(terms, a.times(1 << b.known), dtype)
        case ">>" if b.known is not None and 0 <= b.known < dtype.bits:
            return terms.div(a, 1 << b.known)
        case "<<" | ">>" if 0 <= b.low and b.high < dtype.bits and b.high - b.low <= _MOST_BITS:
            return _shifted(terms, op, a, b, dtype)
        case "&" | "|" | "^":
            return _bitwise(terms, op, a, b)
    return None


def _shifted(terms: Terms, op: str, a: Poly, b: Poly, dtype: DType) -> Poly:
    """A shift by one of a few amounts."""
    def by(n: int) -> Poly:
        return wrapped(terms, a.times(1 << n), dtype) if op == "<<" else terms.div(a, 1 << n)

    result = by(b.high)
    for n in range(b.high - 1, b.low - 1, -1):
        result = terms.ite(at_most(b, number(n)), by(n), result)
    return result


def _bitwise(terms: Terms, op: str, a: Poly, b: Poly) -> Poly | None:
    if a.known is not None and b.known is not None:
        x, y = a.known, b.known
        return number(x & y if op == "&" else x | y if op == "|" else x ^ y)
    if a.known is not None:
        a, b = b, a
    mask = b.known
    if mask is None:
        return _disjoint(op, a, b) or _disjoint(op, b, a)
    if op == "&":
        return _and(terms, a, mask)
    if mask == -1 and op == "^":
        return a.times(-1) - number(1)
    if mask < 0:
        return None
    common = _and(terms, a, mask)
    if common is None:
        return None
    return a + number(mask) - common.times(1 if op == "|" else 2)  # a | m = a + m - (a & m)


def _and(terms: Terms, a: Poly, mask: int) -> Poly | None:
    """a & mask: the bits of a at each run of ones of the mask."""
    if mask < 0:  # two's complement: all bits but those of ~mask
        off = _and(terms, a, ~mask)
        return None if off is None else a - off
    total, at = number(0), 0
    runs = 0
    while mask >> at:
        if not mask >> at & 1:
            at += 1
            continue
        end = at
        while mask >> end & 1:
            end += 1
        total += terms.mod(a, 1 << end) - terms.mod(a, 1 << at)
        at = end
        runs += 1
        if runs > _MOST_BITS:
            return None
    return total


def _disjoint(op: str, a: Poly, b: Poly) -> Poly | None:
    """a | b and a ^ b are sums, and a & b is 0, where a is a multiple of a power of two and b is below it."""
    if b.low < 0 or a.content % (1 << b.high.bit_length()):
        return None
    return number(0) if op == "&" else a + b
