"""A nest that stands inside the axes of a grid: blocks around threads, each axis with a known number of iterations."""

from __future__ import annotations

from math import prod

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.ir.nodes import Const, For, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.nests.nest import Nest
from xpiler.passes.step import NotApplicable

I32 = DType.I32


class GridNest(Nest):
    """Axes are opened one after the other, the outermost first; `enclosed` closes them around what was put."""

    def __init__(self, names: Fresh) -> None:
        super().__init__(names)
        self.axes: list[tuple[str, Var, int]] = []

    def axis(self, kind: str, name: str, extent: int) -> Sym:
        v = sym.fresh(name, sym.integer(extent))
        self.vars[v] = Var(self.names(name), I32)
        self.axes.append((kind, self.vars[v], extent))
        return v

    def numbered(self, kind: str, name: str, loops: tuple[Sym, ...]) -> dict[Sym, Sym]:
        """Several loops on one axis: where each of them is."""
        found: dict[Sym, Sym] = {}
        if loops:
            left = self.axis(kind, name, prod(map(constant_extent, loops)))
            for v in reversed(loops):
                found[v] = sym.mod(left, sym.extent_of(v))
                left = sym.div(left, sym.extent_of(v))
        return found

    def put(self, s: Stmt) -> None:
        self.scopes[-1].stmts.append(s)

    def enclosed(self) -> Stmt:
        body = tuple(self.scopes.pop().stmts)
        for kind, var, extent in reversed(self.axes):
            body = (For(var, Const(0, I32), Const(extent, I32), Const(1, I32), body, kind),)
        return body[0]


def constant_extent(v: Sym) -> int:
    extent = sym.extent_of(v)
    if not sym.is_const(extent):
        raise NotApplicable("a matrix whose size is not a constant")
    return sym.value_of(extent)
