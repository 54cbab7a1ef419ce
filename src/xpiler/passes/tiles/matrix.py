"""Tensorize for matrix units: a sum of products becomes tile products.

    for i, j: c[i,j] = sum_k a[i,k] * b[k,j]   ->   per 16 x 16 tile of c: fill;
                                                    for k step 16: load a, load b, multiply;
                                                    store
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.contraction import Contraction
from xpiler.facts.sym import ONE, Sym
from xpiler.facts.tiles import Move, TileUnit
from xpiler.ir.nodes import (
    Addr, Alloc, Binary, Buffer, Const, Expr, For, Intrinsic, Kernel, Let, Meaning, Stmt, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.contract import sums_of_products
from xpiler.passes.nests.grid import GridNest
from xpiler.passes.step import NotApplicable

I32 = DType.I32
ZERO = Const(0, I32)
SIDE = 2  # tiles along each side of a block that has a warp for each tile


@dataclass(frozen=True)
class TileProducts:
    """Rewrite every nest of a kernel on tiles held by the lanes of one warp.

    A block has 2 x 2 warps, a tile of the output each, where the tiles come in such squares; otherwise one warp."""

    units: tuple[TileUnit, ...]
    warp: int
    enumerators: tuple[tuple[tuple[str, int], str], ...] = ()

    def apply(self, kernel: Kernel) -> tuple[Kernel, ...]:
        found = sums_of_products(kernel)
        return tuple(self._nest(kernel, out, c, n, len(found)) for n, (out, c) in enumerate(found))

    def _nest(self, kernel: Kernel, out: str, c: Contraction, n: int, count: int) -> Kernel:
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


class _Tiles(GridNest):
    """Builds the kernel of one contraction on tiles of one unit."""

    def __init__(self, names: Fresh, unit: TileUnit, enumerators: Mapping[tuple[str, int], str]) -> None:
        super().__init__(names)
        self.unit, self.enumerators = unit, enumerators

    def kernel(self, c: Contraction, out: str, warp: int) -> Stmt:
        """The nest of axis loops around fill, products and store."""
        unit, at = self.unit, self.placed(c)
        a, b, acc = (self.tile(stem, t) for stem, t in (("a", unit.a), ("b", unit.b), ("acc", unit.out)))
        self.fill(acc, self.expr(c.init))
        one_tile = sym.value_of(sym.extent_of(c.k)) == unit.k
        loops = [(v, 1) for v in c.around] + ([] if one_tile else [(c.k, unit.k)])
        at[c.k] = sym.integer(0)
        for v, _ in loops:
            at[v] = sym.fresh("i" if v is not c.k else "k", sym.extent_of(v))
            self.open(at[v])
        self.move(unit.load_a, a, c.a.buffer, c.a.dtype, sym.substitute(c.a.index, at), c.a.strides)
        self.move(unit.load_b, b, c.b.buffer, c.b.dtype, sym.substitute(c.b.index, at), c.b.strides)
        self.call(unit.product, {unit.out.name: acc, unit.a.name: a, unit.b.name: b, unit.acc.name: acc})
        for v, step in reversed(loops):
            body = tuple(self.scopes.pop().stmts)
            stop = Const(sym.value_of(sym.extent_of(v)), I32) if step > 1 else self.extent(v)
            self.put(For(self.vars[at[v]], ZERO, stop, Const(step, I32), body))
        self.move(unit.store, acc, out, c.dtype, sym.substitute(c.index, at), c.strides)
        self.axis("thread.x", "lane", warp)
        return self.enclosed()

    def placed(self, c: Contraction) -> dict[Sym, Sym]:
        """Blocks over the outer loops and the squares of tiles, warps over the tiles of a square: where in the output a
        warp's tile is."""
        at = self.numbered("block.z", "z", c.outer)
        counts = [sym.value_of(sym.extent_of(v)) // size for v, size in ((c.m, self.unit.m), (c.n, self.unit.n))]
        side = SIDE if all(n % SIDE == 0 for n in counts) else 1
        by = self.axis("block.y", "block_row", counts[0] // side)
        bx = self.axis("block.x", "block_column", counts[1] // side)
        if side > 1:
            w = self.axis("thread.y", "warp", side * side)
            by = sym.add(sym.scale(by, side), sym.div(w, sym.integer(side)))
            bx = sym.add(sym.scale(bx, side), sym.mod(w, sym.integer(side)))
        for v, tile, size, name in ((c.m, by, self.unit.m, "row"), (c.n, bx, self.unit.n, "column")):
            at[v] = sym.fresh(name, sym.extent_of(v))
            var = self.vars[at[v]] = Var(self.names(name), I32)
            self.put(Let(var, Binary("*", self.expr(tile), Const(size, I32), I32)))
        return at

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
