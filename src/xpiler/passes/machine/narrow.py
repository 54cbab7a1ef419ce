"""Narrow: arithmetic in a type the target does not have is done in the next one it has.

    y[i] = (float)(0.5 * (double)x[i])        ->        y[i] = 0.5f * x[i]

Only temporaries are narrowed, never an array of the caller; the engine says so in the result.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Binary, Buffer, Call, Cast, Const, Expr, For, Intrinsic, Kernel, Let, Load, Select, Stmt,
    Unary, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import expressions, map_exprs, map_stmts, statements, subexpressions
from xpiler.passes.step import NotApplicable


@dataclass(frozen=True)
class Narrow:
    """Replace double by float throughout a kernel whose target has no double."""

    wide: DType = DType.F64
    narrow: DType = DType.F32

    def apply(self, kernel: Kernel) -> Kernel:
        if any(isinstance(p, Buffer) and p.dtype is self.wide for p in kernel.params):
            raise NotApplicable(f"an array of {self.wide} cannot be narrowed", kernel.span)
        params = tuple(Var(p.name, self.dtype(p.dtype)) if isinstance(p, Var) else p for p in kernel.params)
        body = map_stmts(map_exprs(kernel.body, self.expr), self.stmt)
        return replace(kernel, params=params, body=body)

    def dtype(self, d: DType) -> DType:
        return self.narrow if d is self.wide else d

    def expr(self, e: Expr) -> Expr:
        match e:
            case Cast(a, dtype):
                to = self.dtype(dtype)
                return a if a.dtype is to else replace(e, dtype=to)
            case Const() | Var() | Load() | Addr() | Unary() | Binary() | Select() | Call() if e.dtype is self.wide:
                return replace(e, dtype=self.narrow)
        return e

    def stmt(self, s: Stmt) -> Stmt:
        match s:
            case Let(v) | Assign(v) | For(v) if v.dtype is self.wide:
                return replace(s, var=Var(v.name, self.narrow))
            case Alloc(buffer) if buffer.dtype is self.wide:
                return replace(s, buffer=replace(buffer, dtype=self.narrow))
            case Intrinsic(result=Var() as r) if r.dtype is self.wide:
                return replace(s, result=Var(r.name, self.narrow))
        return s


def uses(kernel: Kernel, types: Set[DType]) -> DType | None:
    """A type among `types` that the kernel computes in, if any."""
    for s in statements(kernel.body):
        for e in expressions(s):
            for x in subexpressions(e):
                if x.dtype in types:
                    return x.dtype
    return None
