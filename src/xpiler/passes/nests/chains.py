"""Chains of parallel loops: a nest taken apart, and put together as fewer loops; loops of one trip taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from xpiler.ir.nodes import PLAIN, Binary, Break, Const, Continue, Expr, For, Kernel, Let, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, map_exprs, map_stmts, scalars_read, statements, substitute
from xpiler.passes.step import NotApplicable

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)


def split_nest(kernel: Kernel) -> tuple[tuple[Stmt, ...], For | None]:
    """Scalar statements at the top, and the parallel nest after them."""
    if not kernel.body:
        return (), None
    *heads, last = kernel.body
    if isinstance(last, For) and last.kind == "parallel" and last.start == ZERO and last.step == ONE:
        return tuple(heads), last
    return (), None


def chain_of(nest: For, leave_last: bool = False) -> tuple[list[For], tuple[Stmt, ...]]:
    """The perfectly nested parallel loops from nest inwards, and the body of the last."""
    chain, body = [nest], nest.body
    while (len(body) == 1 and isinstance(body[0], For) and body[0].kind == "parallel"
           and body[0].start == ZERO and body[0].step == ONE
           and not scalars_read(body[0].stop) & {f.var for f in chain}):
        chain.append(body[0])
        body = body[0].body
    if leave_last and len(chain) > 1 and not any(isinstance(x, For) for x in body):
        raise NotApplicable("nothing to share inside the innermost parallel loop")
    return chain, body


def flattened(fresh: Fresh, loops: Sequence[For], body: tuple[Stmt, ...]) -> tuple[For, tuple[Stmt, ...]]:
    """Nested loops as one over their product, and `body` behind their indices, which are its digits."""
    v = Var(fresh("p"), I32)
    lets: list[Stmt] = []
    below: Expr | None = None
    for n, loop in reversed(list(enumerate(loops))):
        digit: Expr = v if below is None else Binary("/", v, below, I32)
        lets.insert(0, Let(loop.var, Binary("%", digit, loop.stop, I32) if n else digit))
        below = loop.stop if below is None else _times(loop.stop, below)
    assert below is not None, "there are loops"
    return For(v, ZERO, below, ONE, (), "parallel", loops[0].span), (*lets, *body)


def length_of(loop: For) -> float:
    """How many iterations a loop from 0 has; without end where only a run says."""
    return int(loop.stop.value) if isinstance(loop.stop, Const) else inf


def _times(a: Expr, b: Expr) -> Expr:
    if isinstance(a, Const) and isinstance(b, Const):
        return Const(int(a.value) * int(b.value), I32)
    return Binary("*", a, b, I32)


def serial(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Statements for one worker: what was parallel in them is not any more."""
    return map_stmts(body, lambda s: replace(s, kind="serial")
                     if isinstance(s, For) and s.kind == "parallel" else s)


def absorbed(body: tuple[Stmt, ...]) -> For:
    """Lets in front of a thread loop move into it."""
    *lets, loop = body
    assert isinstance(loop, For)
    return replace(loop, body=(*lets, *loop.body))


def without_single(kernel: Kernel) -> Kernel:
    """The kernel with loops of one trip as their bodies."""
    return replace(kernel, body=map_stmts(kernel.body, _opened))


def _opened(s: Stmt) -> Stmt | tuple[Stmt, ...]:
    match s:
        case For(var, Const(start), Const(stop), Const(step), body, kind) if (
            kind in PLAIN and len(range(int(start), int(stop), int(step))) == 1
            and not any(isinstance(x, Break | Continue) for x in statements(body))
        ):
            return map_exprs(substitute(body, {var: s.start}), _without_zero)
    return s


def _without_zero(e: Expr) -> Expr:
    """Integers without what a zero adds or takes away."""
    match e:
        case Binary("+", a, Const(0), dtype) | Binary("+", Const(0), a, dtype) | Binary("-", a, Const(0), dtype) if (
            not dtype.is_float
        ):
            return a
        case Binary("*", Const(0) as zero, _, dtype) | Binary("*", _, Const(0) as zero, dtype) if not dtype.is_float:
            return zero
    return e
