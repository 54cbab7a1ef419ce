"""The numbers that a program compares its data with: inputs are equal to them, and just beside, or no run sees on which
side equal ones fall, or a choice that one number alone makes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from xpiler.ir.nodes import (
    Atomic, Binary, Call, Cast, Const, Expr, Intrinsic, Kernel, Launcher, Load, Program, Shuffle, Stmt, Unary, Var,
)
from xpiler.ir.walk import defines, expressions, statements, subexpressions

# So many numbers are taken, and no larger ones: those mean that there is no end.
MOST, LARGEST = 16, 2.0**31
_COMPARED = frozenset({"<", "<=", ">", ">=", "==", "!="})
_LEAST = 2.0**-20  # smaller ones keep a divisor from zero


def named(*programs: Program) -> tuple[float, ...]:
    """Numbers, but for zero, that data are held against in one of the programs."""
    found = dict.fromkeys(n for p in programs for n in _numbers(p) if _LEAST < abs(n) <= LARGEST)
    return tuple(found)[:MOST]


def _numbers(program: Program) -> Iterator[float]:
    entry = () if program.launcher is None else (program.launcher,)
    for part in (*program.kernels, *entry):
        data = _data(part)
        for s in statements(part):
            if isinstance(s, Intrinsic):
                yield from (n for a in s.args if a.dtype.is_float and (n := _number(a)) is not None)
            for e in expressions(s):
                yield from (n for x in subexpressions(e) for n in _held_against(x, data))


def _held_against(e: Expr, data: frozenset[str]) -> Iterator[float]:
    match e:
        case Binary(op, a, b) if op in _COMPARED:
            sides = (a, b)
        case Call("min" | "max", (a, b)):
            sides = (a, b)
        case _:
            return
    for x, y in (sides, sides[::-1]):
        n = _number(y)
        if n is not None and _carries(x, data):
            yield n


def _data(part: Kernel | Launcher) -> frozenset[str]:
    """The scalars whose values come from memory."""
    found = frozenset[str]()
    while True:
        grown = frozenset(v.name for s in statements(part) if (v := defines(s)) is not None and _measured(s, found))
        if grown <= found:
            return found
        found |= grown


def _measured(s: Stmt, data: frozenset[str]) -> bool:
    return isinstance(s, Atomic | Shuffle | Intrinsic) or any(_carries(e, data) for e in expressions(s))


def _carries(e: Expr, data: frozenset[str]) -> bool:
    return any(isinstance(x, Load) or isinstance(x, Var) and x.name in data for x in subexpressions(e))


def _number(e: Expr) -> float | None:
    match e:
        case Const(value) if math.isfinite(value):
            return float(value)
        case Unary("-", a):
            n = _number(a)
            return None if n is None else -n
        case Cast(a):
            return _number(a)
    return None
