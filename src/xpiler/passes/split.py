"""Loop split: one loop becomes two, the inner one of a fixed length.

    for i in n: y[i] = x[i] + 1        ->        for io in (n + 31) / 32: for ii in 32:
                                                     if (32 * io + ii < n) y[32 * io + ii] = x[32 * io + ii] + 1
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from xpiler.ir.nodes import Binary, Const, Expr, For, If, Kernel, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, map_stmts, names, statements, substitute
from xpiler.passes.step import NotApplicable

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)


@dataclass(frozen=True)
class Split:
    """Split `loop` by `factor`. tail: "guard" tests every iteration, "perfect" wants factor to divide the extent."""

    loop: str
    factor: int
    tail: str = "guard"

    def apply(self, kernel: Kernel) -> Kernel:
        found = loop_named(kernel, self.loop)
        if self.factor < 1:
            raise NotApplicable(f"a factor of {self.factor}", found.span)
        if found.step != ONE or found.start != ZERO:
            raise NotApplicable(f"`{self.loop}` does not count from 0 by 1", found.span)
        whole = isinstance(found.stop, Const) and int(found.stop.value) % self.factor == 0
        if self.tail == "perfect" and not whole:
            raise NotApplicable(f'{self.factor} does not divide the extent of `{self.loop}` and tail="perfect"',
                                found.span)
        fresh = Fresh(names(kernel))
        outer, inner = Var(fresh(f"{self.loop}_o"), I32), Var(fresh(f"{self.loop}_i"), I32)
        size = Const(self.factor, I32)
        at: Expr = Binary("+", Binary("*", outer, size, I32), inner, I32)
        body = substitute(found.body, {found.var: at})
        if not whole:
            body = (If(Binary("<", at, found.stop, DType.BOOL), body),)
        inside = For(inner, ZERO, size, ONE, body, found.kind, found.span)
        made = For(outer, ZERO, rounded(found.stop, self.factor), ONE, (inside,), found.kind, found.span)
        return replace(kernel, body=swapped(kernel.body, found, made))


def loop_named(kernel: Kernel, name: str) -> For:
    """The loop over the variable called `name`."""
    for s in statements(kernel.body):
        if isinstance(s, For) and s.var.name == name:
            return s
    loops = ", ".join(s.var.name for s in statements(kernel.body) if isinstance(s, For))
    raise NotApplicable(f"`{kernel.name}` has no loop `{name}`; its loops are {loops or 'none'}", kernel.span)


def swapped(body: tuple[Stmt, ...], old: For, new: Stmt) -> tuple[Stmt, ...]:
    """body with one loop replaced."""
    return map_stmts(body, lambda s: new if isinstance(s, For) and s.var == old.var else s)


def rounded(extent: Expr, by: int) -> Expr:
    """extent / by, rounded up."""
    if isinstance(extent, Const):
        return Const(-(-int(extent.value) // by), I32)
    return Binary("/", Binary("+", extent, Const(by - 1, I32), I32), Const(by, I32), I32)
