"""The numbers that a program compares its data with: inputs are equal to them, and just beside, or no run sees on which
side equal ones fall, or a choice that one number alone makes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from xpiler.ir.nodes import (
    Assign, Atomic, Binary, Call, Cast, Const, Expr, Intrinsic, Kernel, Launcher, Let, Load, Program, Shuffle, Stmt,
    Unary, Var,
)
from xpiler.ir.walk import defines, expressions, statements, subexpressions, substitute_expr
from xpiler.verify.runs.inverse import inverse

# So many numbers are taken, and no larger ones: those mean that there is no end.
MOST, LARGEST = 16, 2.0**31
LONGEST = 64  # parts of a formula that is looked into
_COMPARED = frozenset({"<", "<=", ">", ">=", "==", "!="})
_LEAST = 2.0**-20  # smaller ones keep a divisor from zero


def named(*programs: Program) -> tuple[float, ...]:
    """Numbers, but for zero, that data are held against in one of the programs; then those of which formulas that are
    held against numbers make these."""
    held = list(dict.fromkeys(h for p in programs for h in _numbers(p)))
    behind = (x for formula, n in held[:MOST] for x in inverse(formula, n))
    found = dict.fromkeys(x for x in (*(n for _, n in held), *behind) if _LEAST < abs(x) <= LARGEST)
    return tuple(found)[:MOST]


def _numbers(program: Program) -> Iterator[tuple[Expr, float]]:
    """What is held against a number, in terms of data as far as that is known, and the number."""
    entry = () if program.launcher is None else (program.launcher,)
    for part in (*program.kernels, *entry):
        data, means = _data(part), _definitions(part)
        for s in statements(part):
            if isinstance(s, Intrinsic):
                yield from ((a, n) for a in s.args if a.dtype.is_float and (n := _number(a)) is not None)
            for e in expressions(s):
                held = (h for x in subexpressions(e) for h in _held_against(x, data))
                yield from ((substitute_expr(x, means), n) for x, n in held)


def _definitions(part: Kernel | Launcher) -> dict[Var, Expr]:
    """What scalars that keep their first value are made of, as far as formulas stay small."""
    changing = {s.var for s in statements(part) if isinstance(s, Assign)}
    found: dict[Var, Expr] = {}
    for s in statements(part):
        if isinstance(s, Let) and s.value is not None and s.var not in changing:
            value = substitute_expr(s.value, found)
            if sum(1 for _ in subexpressions(value)) <= LONGEST:
                found[s.var] = value
    return found


def _held_against(e: Expr, data: frozenset[str]) -> Iterator[tuple[Expr, float]]:
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
            yield x, n


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
