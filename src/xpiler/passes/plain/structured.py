"""Leaving early becomes a condition on what follows.

    for i in n:                              for i in n:
        if (c) continue;          ->             if (!c)
        y[i] = x[i]                                  y[i] = x[i]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xpiler.ir.nodes import Binary, Continue, Expr, For, If, Return, Stmt, Unary, While
from xpiler.ir.types import DType
from xpiler.ir.walk import bodies, map_stmts, statements
from xpiler.passes.step import NotApplicable


def without_returns(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """`if (c) return; rest` becomes `if (!c) rest`."""
    return _structured(body, Return)


def without_continues(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """`if (c) continue; rest` of a loop becomes `if (!c) rest`, where no two conditions are around it."""

    def one(s: Stmt) -> Stmt:
        if not isinstance(s, For | While) or not any(isinstance(x, Continue) for x in statements(s.body)):
            return s
        try:
            return replace(s, body=_structured(s.body, Continue))
        except NotApplicable:
            return s

    return map_stmts(body, one)


def _structured(body: tuple[Stmt, ...], leaving: type[Return] | type[Continue]) -> tuple[Stmt, ...]:
    out: list[Stmt] = []
    for n, s in enumerate(body):
        rest = body[n + 1:]
        if isinstance(s, leaving):
            return tuple(out)
        if isinstance(s, If) and _has(s, leaving):
            then, orelse = _structured(s.then, leaving), _structured(s.orelse, leaving)
            leaves = isinstance(s.then[-1], leaving) if s.then else False
            others = isinstance(s.orelse[-1], leaving) if s.orelse else False
            if leaves and not others:
                tail = _structured((*s.orelse, *rest), leaving)
                if then:
                    return (*out, replace(s, then=then, orelse=tail))
                return (*out, If(negated(s.cond), tail, (), s.span)) if tail else tuple(out)
            if others and not leaves:
                return (*out, replace(s, then=_structured((*s.then, *rest), leaving), orelse=orelse))
            if leaves and others:
                return (*out, replace(s, then=then, orelse=orelse))
            raise NotApplicable(f"a {leaving.__name__.lower()} nested under two conditions", s.span)
        if _has(s, leaving):
            raise NotApplicable(f"a {leaving.__name__.lower()} inside a loop", s.span)
        out.append(s)
    return tuple(out)


def _has(s: Stmt, leaving: type[Return] | type[Continue]) -> bool:
    """Whether a statement leaves so; an inner loop's `continue` is its own."""
    return any(isinstance(x, leaving) for x in (statements(s) if leaving is Return else _around(s)))


def _around(s: Stmt) -> Iterator[Stmt]:
    yield s
    if not isinstance(s, For | While):
        for b in bodies(s):
            for x in b:
                yield from _around(x)


def negated(e: Expr) -> Expr:
    """!e, with comparisons turned around where that is exact."""
    opposite = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
    if isinstance(e, Binary) and e.op in opposite:
        floats = any(getattr(x, "dtype", DType.I32).is_float for x in (e.a, e.b))
        if not floats or e.op in ("==", "!="):
            return Binary(opposite[e.op], e.a, e.b, DType.BOOL)
    return Unary("!", e, DType.BOOL)
