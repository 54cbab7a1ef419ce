"""Loops with a condition that are counted all the same: `while (i <= last) { ...; i += step; }`."""

from __future__ import annotations

from xpiler.ir.nodes import (
    Assign, Binary, Break, Const, Continue, Expr, For, Load, Return, Stmt, Unary, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, bodies, defines, scalars_read, statements, subexpressions, unwidened

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def counted(s: While) -> For | None:
    """The loop as one that says how often it runs; None where that is not the same for certain.

    What it counts with stays a variable that grows in it. Sums do not overflow."""
    found = _compared(s.cond)
    if found is None:
        return None
    i, op, last = found
    step = _step(s.body, i)
    if step is None or _left(s.body) or i.dtype not in (DType.I32, DType.I64) and op not in ("<", "<="):
        return None
    fixed = scalars_read(last) | scalars_read(step)
    changed = {v.name for t in statements(s.body) if (v := defines(t)) is not None}
    if i in fixed or changed & {v.name for v in fixed} or any(isinstance(x, Load) for e in (last, step)
                                                             for x in subexpressions(e)):
        return None
    start: Expr = i
    if op in (">", ">="):
        start, last, step = _negative(start), _negative(last), _negative(step)
    if op in ("<=", ">="):
        last = Binary("+", last, Const(1, last.dtype), last.dtype)
    name = f"{i.name} at {s.span.line}.{s.span.column}"
    return For(Var(name, DType.I64), start, last, step, s.body, "serial", s.span)


def _compared(cond: Expr) -> tuple[Var, str, Expr] | None:
    match cond:
        case Binary(op, a, b) if op in _TURNED and not a.dtype.is_float:
            if isinstance(i := unwidened(a), Var):
                return i, op, b
            if isinstance(i := unwidened(b), Var):
                return i, _TURNED[op], a
    return None


def _step(body: Body, i: Var) -> Expr | None:
    """What a variable grows by, once in every turn."""
    setting = [s for s in statements(body) if defines(s) == i]
    if len(setting) != 1 or not any(s is setting[0] for s in body):
        return None
    match setting[0]:
        case Assign(_, Binary("+", a, b)) if a == i:
            return b
        case Assign(_, Binary("+", a, b)) if b == i:
            return a
        case Assign(_, Binary("-", a, b)) if a == i:
            return _negative(b)
    return None


def _negative(e: Expr) -> Expr:
    return Const(-e.value, e.dtype) if isinstance(e, Const) else Unary("-", e, e.dtype)


def _left(body: Body) -> bool:
    """Whether something leaves the loop or a turn of it."""
    def leaves(s: Stmt, inside: bool) -> bool:
        if isinstance(s, Return) or isinstance(s, Break | Continue) and not inside:
            return True
        return any(leaves(t, inside or isinstance(s, For | While)) for b in bodies(s) for t in b)

    return any(leaves(s, False) for s in body)
