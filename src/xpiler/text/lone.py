"""Arrays of one element become scalars: what C code takes the address of, and unions, need no array once read."""

from __future__ import annotations

from xpiler.ir.nodes import Addr, Alloc, Assign, Atomic, Const, Expr, Intrinsic, Let, Load, Stmt, Store, Var
from xpiler.ir.walk import expressions, map_exprs, map_stmts, statements, subexpressions

_SPACE = "local"


def without_lone_elements(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """The same statements, with a variable for each local array of one element that is only loaded and stored."""
    lone = {
        s.buffer.name: Var(s.buffer.name, s.buffer.dtype)
        for s in statements(body)
        if isinstance(s, Alloc) and s.buffer.space == _SPACE and not s.buffer.ctype and _is_one(s.buffer.extent)
    }
    for s in statements(body):
        for name in _kept_in_memory(s):
            lone.pop(name, None)
    if not lone:
        return body

    def one(e: Expr) -> Expr:
        return lone[e.buffer] if isinstance(e, Load) and e.buffer in lone else e

    def each(s: Stmt) -> Stmt:
        match s:
            case Alloc(buffer, init) if buffer.name in lone:
                return Let(lone[buffer.name], init[0] if init else None, s.span)
            case Store(buffer, _, value) if buffer in lone:
                return Assign(lone[buffer], value, s.span)
        return s

    return map_stmts(map_exprs(body, one), each)


def _is_one(extent: Expr | None) -> bool:
    return isinstance(extent, Const) and extent.value == 1


def _kept_in_memory(s: Stmt) -> set[str]:
    """The buffers that a statement uses other than by loading or storing element 0."""
    found = {
        e.buffer for x in expressions(s) for e in subexpressions(x)
        if isinstance(e, Addr) or isinstance(e, Load) and not (isinstance(e.index, Const) and e.index.value == 0)
    }
    match s:
        case Store(buffer, index, _) if not (isinstance(index, Const) and index.value == 0):
            found.add(buffer)
        case Atomic(buffer=buffer):
            found.add(buffer)
        case Intrinsic(result=Addr(buffer=buffer)):
            found.add(buffer)
    return found
