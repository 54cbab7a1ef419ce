"""Tensorize for dot-product instructions: groups of narrow products are added to wide lanes.

    for i, j: c[i,j] = sum_k a[i,k] * b[k,j]   ->   per 16 columns: pack b so that 4 k of a column are neighbours;
                                                    for i: for k step 4: lanes += dot4(broadcast a[i,k..], packed b)
"""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.contraction import Contraction
from xpiler.facts.sym import ONE, Sym
from xpiler.ir.nodes import Addr, Alloc, Binary, Buffer, Cast, Const, Expr, Intrinsic, Kernel, Load, Stmt, Store
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.contract import sums_of_products
from xpiler.passes.nests.nest import Nest
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import DotUnit

I32 = DType.I32
ZERO = Const(0, I32)
PANEL = 1 << 16  # most bytes of one packed panel: it lives on the stack


@dataclass(frozen=True)
class DotProducts:
    """Rewrite every nest of a kernel with one of the units."""

    units: tuple[DotUnit, ...]

    def apply(self, kernel: Kernel) -> Kernel:
        names = Fresh([p.name for p in kernel.params])
        body: list[Stmt] = []
        for out, c in sums_of_products(kernel):
            unit = next((u for u in self.units if _fits(u, c)), None)
            if unit is None:
                raise NotApplicable(f"no dot product of {c.a.dtype} and {c.b.dtype} into {c.dtype}")
            body += _Dots(names, unit, c, out).build_panels()
        return Kernel(kernel.name, kernel.params, tuple(body), kernel.span)


def _fits(unit: DotUnit, c: Contraction) -> bool:
    n, k = sym.extent_of(c.n), sym.extent_of(c.k)
    if unit.types != (c.a.dtype, c.b.dtype, c.dtype) or c.around or not sym.is_identity("+", c.init):
        return False
    if not (sym.is_const(n) and sym.is_const(k)) or c.strides[1] is not ONE:
        return False
    depth = sym.value_of(k)
    return sym.value_of(n) % unit.lanes == 0 and depth % unit.group == 0 and depth * unit.lanes <= PANEL


class _Dots(Nest):
    """The loop nest of one contraction on packed panels of b."""

    def __init__(self, names: Fresh, unit: DotUnit, c: Contraction, out: str) -> None:
        super().__init__(names)
        self.unit, self.c, self.out = unit, c, out

    def build_panels(self) -> list[Stmt]:
        c, unit = self.c, self.unit
        opened: list[tuple[Sym, Expr, str]] = []
        for v in c.outer:
            self._open(v, sym.extent_of(v), "parallel", opened)
        blocks = sym.fresh("n", sym.div(sym.extent_of(c.n), sym.integer(unit.lanes)))
        self._open(blocks, sym.extent_of(blocks), "parallel", opened)
        depth = sym.value_of(sym.extent_of(c.k))
        panel = self.names(f"{c.b.buffer}_panel")
        self._emit(Alloc(Buffer(panel, c.b.dtype, Const(depth * unit.lanes, I32), "local")))
        first = sym.scale(blocks, unit.lanes)
        self._pack(panel, first)
        rows: list[tuple[Sym, Expr, str]] = []
        self._open(c.m, sym.extent_of(c.m), "parallel", rows)
        acc = self._register("sums")
        self._emit(Intrinsic(unit.zero, (), acc))
        inner: list[tuple[Sym, Expr, str]] = []
        group = sym.fresh("k", sym.div(sym.extent_of(c.k), sym.integer(unit.group)))
        self._open(group, sym.extent_of(group), "serial", inner)
        a, b = self._register(f"{c.a.buffer}_word"), self._register(f"{c.b.buffer}_words")
        self._emit(Intrinsic(unit.broadcast, (self._word(group),), a))
        at = self.expr(sym.scale(group, unit.lanes * unit.group))
        self._emit(Intrinsic(unit.load, (Addr(panel, at, c.b.dtype),), b))
        self._emit(Intrinsic(unit.product, (acc, a, b), acc))
        self._close(inner)
        index = self.expr(sym.substitute(c.index, {c.n: first}))
        self._emit(Intrinsic(unit.store, (Addr(self.out, index, c.dtype), acc)))
        self._close(rows)
        self._close(opened)
        return self.scopes[0].stmts

    def _pack(self, panel: str, first: Sym) -> None:
        """panel[k / group][column][k % group] = b[k][first + column]"""
        c, unit = self.c, self.unit
        opened: list[tuple[Sym, Expr, str]] = []
        k, j = sym.fresh("k", sym.extent_of(c.k)), sym.fresh("j", sym.integer(unit.lanes))
        self._open(k, sym.extent_of(k), "serial", opened)
        self._open(j, sym.extent_of(j), "serial", opened)
        group = sym.integer(unit.group)
        word = sym.add(sym.scale(sym.div(k, group), unit.lanes), j)
        to = self.expr(sym.add(sym.scale(word, unit.group), sym.mod(k, group)))
        source = sym.substitute(c.b.index, {c.k: k, c.n: sym.add(first, j)})
        self._emit(Store(panel, to, Load(c.b.buffer, self.expr(source), c.b.dtype)))
        self._close(opened)

    def _word(self, group: Sym) -> Expr:
        """The narrow elements of one group of a, as the bytes of a word."""
        c, unit = self.c, self.unit
        out: Expr | None = None
        for n in range(unit.group):
            index = sym.substitute(c.a.index, {c.k: sym.add(sym.scale(group, unit.group), sym.integer(n))})
            byte: Expr = Cast(Load(c.a.buffer, self.expr(index), c.a.dtype), I32)
            if n:
                byte = Binary("<<", byte, Const(n * c.a.dtype.bits, I32), I32)
            out = byte if out is None else Binary("|", out, byte, I32)
        assert out is not None
        return out

    def _register(self, stem: str) -> Addr:
        name = self.names(stem)
        self._emit(Alloc(Buffer(name, self.c.dtype, Const(self.unit.lanes, I32), "local", self.unit.register)))
        return Addr(name, ZERO, self.c.dtype)

    def _emit(self, s: Stmt) -> None:
        self.scopes[-1].stmts.append(s)

    def _open(self, v: Sym, extent: Sym, kind: str, opened: list[tuple[Sym, Expr, str]]) -> None:
        opened.append((v, self.expr(extent), kind))
        self.open(v)

    def _close(self, opened: list[tuple[Sym, Expr, str]]) -> None:
        for v, extent, kind in reversed(opened):
            self.close(v, extent, kind, [])
