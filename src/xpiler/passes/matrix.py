"""Tensorize for matrix units: a sum of products becomes tile products.

    for i, j: c[i,j] = sum_k a[i,k] * b[k,j]   ->   per 16 x 16 tile of c: fill;
                                                    for k step 16: load a, load b, multiply;
                                                    store
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from xpiler.facts import sym
from xpiler.facts.contraction import Contraction, contraction
from xpiler.facts.sym import ONE, Sym
from xpiler.facts.tiles import Move, TileUnit
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import (
    Addr, Alloc, Binary, Buffer, Const, Expr, For, Intrinsic, Kernel, Let, Meaning, Stmt, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.contract import nests_of
from xpiler.passes.nest import Nest
from xpiler.passes.step import NotApplicable

I32 = DType.I32
ZERO, ONE_ = Const(0, I32), Const(1, I32)
SIDE = 2  # tiles along each side of a block that has a warp for each tile


@dataclass(frozen=True)
class TileProducts:
    """Rewrite every nest of a kernel on tiles held by the lanes of one warp.

    A block has 2 x 2 warps, a tile of the output each, where the tiles come in such squares; otherwise one warp."""

    units: tuple[TileUnit, ...]
    warp: int
    enumerators: tuple[tuple[tuple[str, int], str], ...] = ()

    def apply(self, kernel: Kernel) -> tuple[Kernel, ...]:
        try:
            nests = nests_of(kernel)
        except Unsummarised as e:
            raise NotApplicable(e.why, e.span) from e
        return tuple(
            self._nest(kernel, name, w, n, len(nests)) for n, (name, w) in enumerate(nests))

    def _nest(self, kernel: Kernel, out: str, w: Write, n: int, count: int) -> Kernel:
        c = contraction(w)
        if c is None:
            raise NotApplicable("not a sum of products over matrices")
        unit = _chosen(self.units, c)
        tiles = _Tiles(Fresh([p.name for p in kernel.params]), unit, dict(self.enumerators))
        name = kernel.name if count == 1 else f"{kernel.name}_{n}"
        return Kernel(name, kernel.params, (tiles.kernel(c, out, self.warp),), kernel.span)


def _chosen(units: tuple[TileUnit, ...], c: Contraction) -> TileUnit:
    """The first unit that can compute the contraction."""
    if not units:
        raise NotApplicable("the target has no tile product")
    typed = [u for u in units if u.types == (c.a.dtype, c.b.dtype, c.dtype)]
    if not typed:
        raise NotApplicable(f"no tile product of {c.a.dtype} and {c.b.dtype} into {c.dtype}")
    reasons = []
    for unit in typed:
        why = unfit(unit, c)
        if why is None:
            return unit
        reasons.append(why)
    raise NotApplicable(reasons[0])


def unfit(unit: TileUnit, c: Contraction) -> str | None:
    """Why a unit of the right types cannot compute the contraction; None if it can."""
    for v, size in ((c.m, unit.m), (c.n, unit.n), (c.k, unit.k)):
        extent = sym.extent_of(v)
        if not sym.is_const(extent) or sym.value_of(extent) % size:
            return f"a loop of {extent} iterations is not made of tiles of {size}"
    for move, (row, column) in (
        (unit.load_a, c.a.strides), (unit.load_b, c.b.strides), (unit.store, c.strides)):
        if (column if move.row_major else row) is not ONE:
            return "the operands are laid out the other way"
    return None


@dataclass
class _Axes:
    """The parallel loops around a tile, outermost first, and where in the output a warp's tile is."""

    loops: list[tuple[str, Var, int]] = field(default_factory=list)
    at: dict[Sym, Sym] = field(default_factory=dict)


class _Tiles(Nest):
    """Builds the kernel of one contraction on tiles of one unit."""

    def __init__(self, names: Fresh, unit: TileUnit, enumerators: Mapping[tuple[str, int], str]) -> None:
        super().__init__(names)
        self.unit, self.enumerators = unit, enumerators

    def kernel(self, c: Contraction, out: str, warp: int) -> Stmt:
        """The nest of axis loops around fill, products and store."""
        unit, axes = self.unit, self.axes(c)
        a, b, acc = (self.tile(stem, t) for stem, t in (("a", unit.a), ("b", unit.b), ("acc", unit.out)))
        self.fill(acc, self.expr(c.init))
        loops = [(v, 1) for v in c.around] + [(c.k, unit.k)]
        for v, _ in loops:
            axes.at[v] = sym.fresh("i" if v is not c.k else "k", sym.extent_of(v))
            self.open(axes.at[v])
        self.move(unit.load_a, a, c.a.buffer, c.a.dtype, sym.substitute(c.a.index, axes.at), c.a.strides)
        self.move(unit.load_b, b, c.b.buffer, c.b.dtype, sym.substitute(c.b.index, axes.at), c.b.strides)
        self.call(unit.product, {unit.out.name: acc, unit.a.name: a, unit.b.name: b, unit.acc.name: acc})
        for v, step in reversed(loops):
            body = tuple(self.scopes.pop().stmts)
            stop = Const(sym.value_of(sym.extent_of(v)), I32) if step > 1 else self.expr(sym.extent_of(v))
            self.put(For(self.vars[axes.at[v]], ZERO, stop, Const(step, I32), body))
        self.move(unit.store, acc, out, c.dtype, sym.substitute(c.index, axes.at), c.strides)
        lane = ("thread.x", Var(self.names("lane"), I32), warp)
        inside = tuple(self.scopes.pop().stmts)
        for kind, var, extent in reversed([*axes.loops, lane]):
            inside = (For(var, ZERO, Const(extent, I32), ONE_, inside, kind),)
        return inside[0]

    def axes(self, c: Contraction) -> _Axes:
        """Blocks over the outer loops and the squares of tiles, warps over the tiles of a square."""
        axes = _Axes()
        if c.outer:
            left = self.axis(axes, "block.z", "z", _product(sym.extent_of(v) for v in c.outer))
            for v in reversed(c.outer):
                axes.at[v] = sym.mod(left, sym.extent_of(v))
                left = sym.div(left, sym.extent_of(v))
        counts = [sym.value_of(sym.extent_of(v)) // size for v, size in ((c.m, self.unit.m), (c.n, self.unit.n))]
        side = SIDE if all(n % SIDE == 0 for n in counts) else 1
        by = self.axis(axes, "block.y", "block_row", sym.integer(counts[0] // side))
        bx = self.axis(axes, "block.x", "block_column", sym.integer(counts[1] // side))
        if side > 1:
            w = self.axis(axes, "thread.y", "warp", sym.integer(side * side))
            by = sym.add(sym.scale(by, side), sym.div(w, sym.integer(side)))
            bx = sym.add(sym.scale(bx, side), sym.mod(w, sym.integer(side)))
        for v, tile, size, name in ((c.m, by, self.unit.m, "row"), (c.n, bx, self.unit.n, "column")):
            axes.at[v] = sym.fresh(name, sym.extent_of(v))
            var = self.vars[axes.at[v]] = Var(self.names(name), I32)
            self.put(Let(var, Binary("*", self.expr(tile), Const(size, I32), I32)))
        return axes

    def axis(self, axes: _Axes, kind: str, name: str, extent: Sym) -> Sym:
        v = sym.fresh(name, extent)
        var = self.vars[v] = Var(self.names(name), I32)
        axes.loops.append((kind, var, sym.value_of(extent)))
        return v

    def put(self, s: Stmt) -> None:
        self.scopes[-1].stmts.append(s)

    def tile(self, stem: str, like: Buffer) -> Addr:
        """A fresh tile, as an argument."""
        name = self.names(f"{stem}_tile")
        self.put(Alloc(Buffer(name, like.dtype, like.extent, "local", like.ctype)))
        return Addr(name, ZERO, like.dtype)

    def fill(self, tile: Addr, init: Expr) -> None:
        meaning = self.unit.fill
        target = next(p.name for p in meaning.params if isinstance(p, Buffer))
        value = next(p.name for p in meaning.params if isinstance(p, Var))
        self.call(meaning, {target: tile, value: init})

    def move(
        self, move: Move, tile: Addr, buffer: str, dtype: DType, index: Sym, strides: tuple[Sym, Sym]
    ) -> None:
        """A load or store of the tile at buffer[index]."""
        at = Addr(buffer, self.expr(index), dtype)
        pitch = strides[0] if move.row_major else strides[1]
        args: dict[str, Expr] = {move.tile.name: tile, move.pointer: at, move.pitch: self.expr(pitch)}
        for name, value in move.fixed:
            spelled = self.enumerators.get((name, value))
            args[name] = Var(spelled, I32) if spelled else Const(value, I32)
        self.call(move.meaning, args)

    def call(self, meaning: Meaning, args: Mapping[str, Expr]) -> None:
        missing = [p for p in meaning.params if p.name not in args]
        if missing:
            raise NotApplicable(f"`{meaning.name}` wants a `{missing[0].name}`")
        self.put(Intrinsic(meaning.name, tuple(args[p.name] for p in meaning.params), None, meaning.key))


def _product(extents: Iterable[Sym]) -> Sym:
    total = ONE
    for n in extents:
        total = sym.mul(total, n)
    return total
