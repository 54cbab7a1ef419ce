"""Accesses whose index takes a loop's variable apart, as accesses of a loop for each of its digits.

    for j in 12: x[j / 4 * 64 + j % 4]            ->            for h in 3: for l in 4: x[h * 64 + l]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from xpiler.facts.accesses import Access
from xpiler.facts.polynomial import Poly, atom
from xpiler.ir.nodes import Binary, Const, Expr, For, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import scalars_read

I32 = DType.I32
Digit = tuple[Var, int, int]  # a variable, what its low digits count to, and what this one counts to with them; 0: all


def in_digits(found: Iterable[Access]) -> tuple[list[Access], dict[Expr, Expr]]:
    """The accesses with loops of digits, and what these are of the variables that there are in the text."""
    out = list(found)
    meant: dict[Expr, Expr] = {}
    for f in dict.fromkeys(f for a in out for f in a.loops):
        ends = _ends(f, out)
        if len(ends) < 3 or any(b % a for a, b in pairwise(ends)):
            continue
        digits = [(Var(f"{f.var.name}~{lo}", I32), lo, hi) for lo, hi in pairwise(ends)]
        out = [_apart(a, f, digits) for a in out]
        meant |= {v: _written(f.var, lo, hi, ends[-1]) for v, lo, hi in digits}
    return out, meant


def _ends(f: For, found: Iterable[Access]) -> list[int]:
    """Where the digits of a loop's variable end, from 1 to the number of its iterations."""
    mine = [a for a in found if f in a.loops]
    match f:
        case For(v, Const(0), Const(int(n)), Const(1)) if not any(v in scalars_read(g) for a in mine for g in a.guards):
            taken = [d for a in mine for x in a.index.atoms if (d := _digit(x)) is not None and d[0] == v]
            ends = {1, n} | {end or n for _, *two in taken for end in two}
            other = any(v in scalars_read(x) and x != v and _digit(x) is None for a in mine for x in a.index.atoms)
            return sorted(ends) if taken and not other and max(ends) == n else []
    return []


def _digit(x: Expr) -> Digit | None:
    match x:
        case Binary("%", Binary("/", Var() as v, Const(int(low))), Const(int(n))) if low > 0 and n > 0:
            return v, low, low * n
        case Binary("%", Var() as v, Const(int(n))) if n > 0:
            return v, 1, n
        case Binary("/", Var() as v, Const(int(low))) if low > 0:
            return v, low, 0
    return None


def _apart(a: Access, f: For, digits: list[tuple[Var, int, int]]) -> Access:
    if f not in a.loops:
        return a
    last = digits[-1][2]

    def total(low: int, high: int) -> Poly:
        out = Poly()
        for v, lo, hi in digits:
            if low <= lo and hi <= high:
                out = out + atom(v) * (lo // low)
        return out

    values = {x: total(d[1], d[2] or last) for x in a.index.atoms if (d := _digit(x)) is not None and d[0] == f.var}
    values[f.var] = total(1, last)
    loops: list[For] = []
    for one in a.loops:
        loops += [one] if one != f else [
            replace(f, var=v, stop=Const(hi // lo, I32)) for v, lo, hi in reversed(digits)]
    return replace(a, index=a.index.replaced(values), loops=tuple(loops))


def _written(v: Var, low: int, high: int, last: int) -> Expr:
    e: Expr = v if low == 1 else Binary("/", v, Const(low, I32), I32)
    return e if high == last else Binary("%", e, Const(high // low, I32), I32)
