"""Between what integers stay: counters of loops, and what is made of them by adding, multiplying and dividing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from xpiler.facts.polynomial import SIGNED, Poly, polynomial
from xpiler.ir.nodes import Binary, Const, Expr, For, Kernel, Let, Var
from xpiler.ir.walk import defines, statements

Hull = tuple[int, int]  # the least and the largest value
Hulls = Mapping[Var, Hull]
MOST = 1 << 31


def hulls(kernel: Kernel) -> dict[Var, Hull]:
    """Counters of loops that start at a number, and scalars that are set once to something made of them."""
    found = dict[Var, Hull]()
    times = Counter(v for s in statements(kernel) if (v := defines(s)) is not None)
    for s in statements(kernel):
        match s:
            case For(var, start, stop, step) if first := hull(start, found):
                end = hull(stop, found)
                last = (MOST if end is None else max(end[1], first[0] + 1)) - 1
                if first[0] == first[1] and isinstance(step, Const):
                    last -= (last - first[0]) % int(step.value)
                found[var] = first[0], last
            case Let(var, Const() | Var() | Binary() as value) if times[var] == 1 and (held := hull(value, found)):
                found[var] = held
    return found


def hull(e: Expr, known: Hulls) -> Hull | None:
    """Between what an integer stays; None where `known` does not say."""
    match e:
        case Const(n, dtype) if not dtype.is_float:
            return int(n), int(n)
        case Var():
            return known.get(e)
        case Binary("/" | "%" as op, a, Const(by, _)) if by > 0 and (held := hull(a, known)) and held[0] >= 0:
            return (held[0] // int(by), held[1] // int(by)) if op == "/" else (0, min(held[1], int(by) - 1))
        case Binary("+" | "-" | "*", _, _, dtype) if dtype in SIGNED:
            return hull_of(polynomial(e, {}), known)
    return None


def hull_of(p: Poly, known: Hulls) -> Hull | None:
    """The same of a sum of multiples; None where it has a product of two scalars."""
    low = high = 0
    for m, c in p.terms:
        held = (1, 1) if not m else hull(m[0], known) if len(m) == 1 else None
        if held is None:
            return None
        ends = held[0] * c, held[1] * c
        low, high = low + min(ends), high + max(ends)
    return low, high
