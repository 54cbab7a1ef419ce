"""What holds of a kernel's scalars wherever it is launched: the conditions around its launches.

    if (cols <= 4096) softmax<<<...>>>(x, y, rows, cols)        ->        cols <= 4096
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from xpiler.ir.nodes import Assign, Binary, Const, Expr, For, If, Launch, Launcher, Load, Program, Stmt, Unary, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import bodies, scalars_read, statements, subexpressions, substitute_expr


def launched_under(program: Program, kernel: str) -> Expr | None:
    """The condition that all launches of a kernel are under, over its parameters; None where there is none to be told.
    """
    if program.launcher is None:
        return None
    params = program.kernel(kernel).params
    found: set[Expr | None] = set()
    for launch, conditions in _launches(program.launcher.body, (), kernel):
        given = [(a, p) for p, a in zip(params, launch.args, strict=True) if isinstance(p, Var)]
        names: dict[Var, Expr] = {a: p for a, p in given if isinstance(a, Var) and a.dtype is p.dtype}
        told = [substitute_expr(c, names) for c in conditions if _is_about(c, names, program.launcher)]
        found.add(reduce(lambda a, b: Binary("&&", a, b, DType.BOOL), told) if told else None)
    return found.pop() if len(found) == 1 else None


def _launches(
    body: tuple[Stmt, ...], under: tuple[Expr, ...], kernel: str
) -> Iterator[tuple[Launch, tuple[Expr, ...]]]:
    for s in body:
        match s:
            case Launch(name) if name == kernel:
                yield s, under
            case If(cond, then, orelse):
                yield from _launches(then, (*under, cond), kernel)
                yield from _launches(orelse, (*under, Unary("!", cond, DType.BOOL)), kernel)
            case _:
                for inner in bodies(s):
                    yield from _launches(inner, under, kernel)


def _is_about(cond: Expr, names: dict[Var, Expr], launcher: Launcher) -> bool:
    """Whether a condition is about these scalars alone, which keep their values, and is no constant."""
    changed = {s.var for s in statements(launcher.body) if isinstance(s, Assign | For)}
    plain = not any(isinstance(e, Load) for e in subexpressions(cond)) and not isinstance(cond, Const)
    return plain and bool(scalars_read(cond)) and scalars_read(cond) <= names.keys() - changed
