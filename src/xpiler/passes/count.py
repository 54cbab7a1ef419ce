"""Count: a while loop that only counts becomes a for loop.

    while (i + 16 <= n) { s += x[i]; i += 16; }    ->    for (j = i; j < n - 15; j += 16) s += x[j];
                                                         i += (n - i) / 16 * 16
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xpiler.ir.nodes import Assign, Binary, Break, Const, Continue, Expr, For, Kernel, Let, Return, Stmt, Var, While
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, buffers_written, map_stmts, names, scalars_read, scalars_written, statements, subexpressions, substitute,
)

I32 = DType.I32


@dataclass(frozen=True)
class Count:
    """Rewrite every counting while loop of a kernel."""

    def apply(self, kernel: Kernel) -> Kernel:
        fresh = Fresh(names(kernel))
        again = {s.var for s in statements(kernel) if isinstance(s, Assign)}
        fixed = {s.var: s.value for s in statements(kernel)
                 if isinstance(s, Let) and isinstance(s.value, Const) and s.var not in again}

        def one(s: Stmt) -> Stmt | tuple[Stmt, ...]:
            return (_counted(s, fresh, fixed) or s) if isinstance(s, While) else s

        return replace(kernel, body=map_stmts(kernel.body, one))


def _counted(s: While, fresh: Fresh, fixed: Mapping[Var, Const]) -> tuple[Stmt, ...] | None:
    """The for loop, and the counter's value after it."""
    if not s.body or any(isinstance(x, Break | Continue | Return) for x in statements(s.body)):
        return None
    found = _step(s, fixed)
    if found is None:
        return None
    i, step, body = found
    stop = _stop(s.cond, i)
    if stop is None or i in scalars_written(body) or scalars_read(stop) & scalars_written(s.body):
        return None
    if any(getattr(e, "buffer", None) in buffers_written(s.body) for e in subexpressions(stop)):
        return None
    j = Var(fresh(i.name), i.dtype)
    loop = For(j, i, stop, step, substitute(body, {i: j}), "serial", s.span)
    room = _sum(Binary("-", stop, i, i.dtype), int(step.value) - 1)
    whole = Binary("*", Binary("/", room, step, i.dtype), step, i.dtype)
    return loop, Assign(i, Binary("+", i, whole, i.dtype), s.span)


def _step(s: While, fixed: Mapping[Var, Const]) -> tuple[Var, Const, tuple[Stmt, ...]] | None:
    """The counter of the condition, its step, and the body without it: nothing after the step looks at the counter, so
    that other counters may advance there. `fixed` are scalars that are never anything else."""
    for at in reversed(range(len(s.body))):
        match s.body[at]:
            case Assign(i, Binary("+", Var() as again, by)) if (
                again == i and not i.dtype.is_float and i in scalars_read(s.cond)
            ):
                step = fixed.get(by) if isinstance(by, Var) else by
                rest = s.body[at + 1:]
                if not isinstance(step, Const) or step.value <= 0 or i in scalars_read(rest):
                    return None
                return i, Const(step.value, i.dtype), (*s.body[:at], *rest)
    return None


def _stop(cond: Expr, i: Var) -> Expr | None:
    """The first value of i for which cond fails, for i + c < e and i + c <= e."""
    match cond:
        case Binary("<" | "<=" as op, left, right):
            pass
        case Binary(">" | ">=" as turned, right, left):
            op = "<" if turned == ">" else "<="
        case _:
            return None
    past = 1 if op == "<=" else 0
    match left:
        case Var() if left == i:
            offset = 0
        case Binary("+", Var() as v, Const() as c) | Binary("+", Const() as c, Var() as v) if v == i:
            offset = int(c.value)
        case _:
            return None
    if i in scalars_read(right):
        return None
    return _sum(right, past - offset)


def _sum(e: Expr, c: int) -> Expr:
    if c == 0:
        return e
    if isinstance(e, Const):
        return Const(int(e.value) + c, e.dtype)
    return Binary("+" if c > 0 else "-", e, Const(abs(c), e.dtype), e.dtype)
