"""Tensorize for matrix instructions with a weight memory: a sum of products becomes products of staged tiles.

    for i, j: c[i,j] = sum_k a[i,k] * b[k,j]   ->   per tile: copy a and b on chip, transpose and
                                                    reorder b into the weight memory, multiply,
                                                    accumulate, copy c out
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import prod

from xpiler.facts import sym
from xpiler.facts.contraction import Contraction, Factor
from xpiler.facts.sym import ONE, Sym
from xpiler.ir.nodes import Addr, Alloc, Buffer, Const, Expr, Intrinsic, Kernel, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.contract import sums_of_products
from xpiler.passes.machine.share import BindTasks
from xpiler.passes.nests.nest import Nest
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import WeightUnit

I32 = DType.I32
ZERO = Const(0, I32)
Opened = list[tuple[Sym, Expr, str]]  # loops to close: variable, extent, kind


@dataclass(frozen=True)
class WeightProducts:
    """Rewrite every nest of a kernel with the weight unit; `space` is the operand memory, `room` its bytes.

    Columns are shared out too where the rows are too few for `tasks`."""

    unit: WeightUnit
    copy: str
    transfers: tuple[tuple[tuple[str, str], str], ...]
    space: str
    room: int
    tasks: int = BindTasks.tasks

    def apply(self, kernel: Kernel) -> Kernel:
        names = Fresh([p.name for p in kernel.params])
        body: list[Stmt] = []
        for out, c in sums_of_products(kernel):
            body += _Staged(names, self, c, out).build_tiles()
        return Kernel(kernel.name, kernel.params, tuple(body), kernel.span)


class _Staged(Nest):
    """The loop nest of one contraction on staged tiles."""

    def __init__(self, names: Fresh, plan: WeightProducts, c: Contraction, out: str) -> None:
        super().__init__(names)
        self.plan, self.unit, self.c, self.out = plan, plan.unit, c, out
        if c.a.dtype is not c.b.dtype or c.a.dtype not in self.unit.types or c.dtype is not self.unit.result:
            raise NotApplicable(f"no matrix product of {c.a.dtype} and {c.b.dtype} into {c.dtype}")
        if c.strides[1] is not ONE:
            raise NotApplicable("the output's columns are not consecutive")
        step = max(1, self.unit.depth_bytes // c.a.dtype.bytes)
        self.rows = _divisor(c.m, 64, 1)
        self.columns = _divisor(c.n, self.unit.columns, self.unit.columns)
        self.depth = self.filled = _depth(c.k, 256, step)  # along the sum: in a tile, and of these in memory
        if sym.value_of(sym.extent_of(c.k)) < self.depth:
            self.filled = sym.value_of(sym.extent_of(c.k))
        while self._bytes() > plan.room and self.depth == self.filled and self.depth % (2 * step) == 0:
            self.depth = self.filled = self.depth // 2

    def _bytes(self) -> int:
        size = self.c.a.dtype.bytes
        staged = self.rows * self.depth * 2 + 3 * self.depth * self.columns
        return staged * size + 2 * self.rows * self.columns * 4

    def build_tiles(self) -> list[Stmt]:
        c, unit = self.c, self.unit
        tile_a, tile_b = self.rows * self.depth, self.depth * self.columns
        mapping: dict[Sym, Sym] = {}
        opened: Opened = []
        self._loop(c.outer, "parallel", mapping, opened)
        self._tile(c.m, self.rows, "parallel", mapping, opened)
        steps = [int(e.value) if isinstance(e, Const) else self.plan.tasks for _, e, _ in opened]
        busy = prod(steps) >= self.plan.tasks
        if not busy:  # one nest with the rows, to be shared out
            self._tile(c.n, self.columns, "parallel", mapping, opened)
        a, b, weight = (self._array(n, size, c.a.dtype, space) for n, size, space in (
            (f"{c.a.buffer}_tile", tile_a, self.plan.space), (f"{c.b.buffer}_tile", tile_b, self.plan.space),
            (f"{c.b.buffer}_weight", tile_b, unit.space)))
        ordered = self._array(f"{c.b.buffer}_ordered", tile_b, c.a.dtype, self.plan.space)
        whole = not c.around and sym.value_of(sym.extent_of(c.k)) == self.filled
        stage_a = partial(self._stage, c.a, mapping, a, self.rows, across=c.a.strides[1], along=c.a.strides[0])
        if whole and busy:  # its rows serve all columns
            self._tile(c.k, self.filled, "serial", mapping, opened)
            stage_a()
        if busy:
            self._tile(c.n, self.columns, "serial", mapping, opened)
        total = self._array(f"{self.out}_tile", self.rows * self.columns, c.dtype, self.plan.space)
        inner: Opened = []
        once = whole and sym.is_identity("+", c.init)
        part = total
        if not once:
            part = self._array(f"{self.out}_part", self.rows * self.columns, c.dtype, self.plan.space)
            self.call(unit.fill, total, _int(self.rows * self.columns), self.expr(c.init))
        if not (whole and busy):
            self._loop(c.around, "serial", mapping, inner)
            self._tile(c.k, self.filled, "serial", mapping, inner)
            stage_a()
        self._stage(c.b, mapping, b, self.columns, across=c.b.strides[0], along=c.b.strides[1])
        one = _int(1)
        self.call(unit.reorder, ordered, b, _int(self.columns), one, one, _int(self.depth))
        self._copy(weight, ordered, tile_b, c.a.dtype, (self.plan.space, unit.space))
        self.call(unit.product, part, a, weight, _int(self.rows), _int(self.depth), _int(self.columns))
        if not once:
            self.call(unit.add, total, total, part, _int(self.rows * self.columns))
        self._close(inner)
        at = Addr(self.out, self.expr(sym.substitute(c.index, mapping)), c.dtype)
        self._copy(at, total, self.columns, c.dtype, (self.plan.space, "global"),
                   (self.expr(c.strides[0]), _int(self.columns), self.rows))
        self._close(opened)
        return self.scopes[0].stmts

    # ------------------------------------------------------------ loops

    def _loop(self, vs: tuple[Sym, ...], kind: str, mapping: dict[Sym, Sym], opened: Opened) -> None:
        for v in vs:
            self._tile(v, 1, kind, mapping, opened)

    def _tile(self, v: Sym, size: int, kind: str, mapping: dict[Sym, Sym], opened: Opened) -> None:
        steps = sym.div(sym.extent_of(v), sym.integer(size)) if size > 1 else sym.extent_of(v)
        if steps is ONE:
            mapping[v] = sym.ZERO
            return
        u = sym.fresh("t", steps)
        mapping[v] = sym.scale(u, size)
        opened.append((u, self.expr(steps), kind))
        self.open(u)

    def _close(self, opened: Opened) -> None:
        for u, extent, kind in reversed(opened):
            self.close(u, extent, kind, [])

    # ------------------------------------------------------------ data

    def _array(self, stem: str, size: int, dtype: DType, space: str) -> Addr:
        name = self.names(stem)
        self.scopes[-1].stmts.append(Alloc(Buffer(name, dtype, Const(size, I32), space)))
        return Addr(name, ZERO, dtype)

    def _stage(
        self, f: Factor, mapping: Mapping[Sym, Sym], to: Addr, count: int, *, across: Sym, along: Sym,
    ) -> None:
        """Bring `count` rows of a factor on chip, one behind the other, each as deep as a tile; `across` is the stride
        along the sum, `along` that from row to row. What a tile has more than the sum is zero."""
        at = Addr(f.buffer, self.expr(sym.substitute(f.index, mapping)), f.dtype)
        inward = ("global", self.plan.space)
        if across is ONE:
            self._pad(to, count * self.depth)
            self._copy(to, at, self.filled, f.dtype, inward, (_int(self.depth), self.expr(along), count))
            return
        if along is not ONE:
            raise NotApplicable("an operand has no consecutive direction")
        raw = self._array(f"{f.buffer}_columns", count * self.depth, f.dtype, self.plan.space)
        self._pad(raw, count * self.depth)
        self._copy(raw, at, count, f.dtype, inward, (_int(count), self.expr(across), self.filled))
        self.call(self.unit.transpose, to, raw, _int(self.depth), _int(count))

    def _pad(self, tile: Addr, size: int) -> None:
        if self.filled < self.depth:
            self.call(self.unit.fill, tile, _int(size), Const(0.0, tile.dtype))

    def _copy(
        self, to: Addr, source: Addr, count: int, dtype: DType, spaces: tuple[str, str],
        segments: tuple[Expr, Expr, int] | None = None,
    ) -> None:
        """count elements, or `segments` = (stride of to, stride of source, how many) of them."""
        direction = Var(dict(self.plan.transfers)[spaces], I32)
        if segments is not None and segments[0] == segments[1] == _int(count):
            count, segments = count * segments[2], None
        args: list[Expr] = [to, source, _int(count * dtype.bytes), direction]
        if segments is not None:
            down, across, number = segments
            args += [_bytes(down, dtype), _bytes(across, dtype), _int(number - 1)]
        self.scopes[-1].stmts.append(Intrinsic(self.plan.copy, tuple(args)))

    def call(self, name: str, *args: Expr) -> None:
        self.scopes[-1].stmts.append(Intrinsic(name, args))


def _depth(v: Sym, most: int, multiple: int) -> int:
    """As much of the sum as a tile takes: a divisor of it, or one multiple that holds all of it."""
    try:
        return _divisor(v, most, multiple)
    except NotApplicable:
        extent = sym.extent_of(v)
        if not sym.is_const(extent) or sym.value_of(extent) > most:
            raise
        return -(-sym.value_of(extent) // multiple) * multiple


def _divisor(v: Sym, most: int, multiple: int) -> int:
    """The largest multiple of `multiple`, at most `most`, that divides the extent of v."""
    extent = sym.extent_of(v)
    if not sym.is_const(extent):
        raise NotApplicable("a matrix whose size is not a constant")
    n = sym.value_of(extent)
    found = [d for d in range(multiple, min(most, n) + 1, multiple) if n % d == 0]
    if not found:
        raise NotApplicable(f"{n} is not a multiple of {multiple}")
    return found[-1]


def _int(value: int) -> Const:
    return Const(value, I32)


def _bytes(stride: Expr, dtype: DType) -> Expr:
    if not isinstance(stride, Const):
        raise NotApplicable("a matrix whose pitch is not a constant")
    return Const(int(stride.value) * dtype.bytes, I32)
