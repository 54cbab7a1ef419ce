"""Tensorize for matrix units: a sum of products becomes tile products.

    for i, j: c[i,j] = sum_k a[i,k] * b[k,j]   ->   per 16 x 16 tile of c: fill; for k step 16: load a, load b, multiply;
                                                    store
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.contraction import Contraction, Factor, contraction
from xpiler.facts.summary import Unsummarised, Write
from xpiler.facts.sym import ONE, Sym
from xpiler.facts.tiles import Move, TileUnit
from xpiler.ir.nodes import (
    Addr, Alloc, Buffer, Const, Expr, For, Intrinsic, Kernel, Meaning, Stmt, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.contract import nests_of
from xpiler.passes.nest import Nest
from xpiler.passes.step import NotApplicable

I32 = DType.I32
ZERO, ONE_ = Const(0, I32), Const(1, I32)


@dataclass(frozen=True)
class TileProducts:
    """Rewrite every nest of a kernel on tiles held by the lanes of one warp; each tile of the output is a block."""

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
        reasons = []
        for unit in self.units:
            why = unfit(unit, c)
            if why is None:
                name = kernel.name if count == 1 else f"{kernel.name}_{n}"
                body = _tiles(kernel, out, c, unit, self.warp, dict(self.enumerators))
                return Kernel(name, kernel.params, body, kernel.span)
            reasons.append(why)
        raise NotApplicable(reasons[0] if reasons else "the target has no tile product")


def unfit(unit: TileUnit, c: Contraction) -> str | None:
    """Why the unit cannot compute the contraction; None if it can."""
    if unit.types != (c.a.dtype, c.b.dtype, c.dtype):
        return f"no tile product of {c.a.dtype} and {c.b.dtype} into {c.dtype}"
    for v, size in ((c.m, unit.m), (c.n, unit.n), (c.k, unit.k)):
        extent = sym.extent_of(v)
        if not sym.is_const(extent) or sym.value_of(extent) % size:
            return f"a loop of {extent} iterations is not made of tiles of {size}"
    for move, (row, column) in (
        (unit.load_a, c.a.strides), (unit.load_b, c.b.strides), (unit.store, c.strides)):
        if (column if move.row_major else row) is not ONE:
            return "the operands are laid out the other way"
    return None


class _Tiles(Nest):
    """A nest of tile loops."""

    enumerators: Mapping[tuple[str, int], str]

    def call(self, meaning: Meaning, args: Mapping[str, Expr]) -> None:
        missing = [p for p in meaning.params if p.name not in args]
        if missing:
            raise NotApplicable(f"`{meaning.name}` wants a `{missing[0].name}`")
        self.scopes[-1].stmts.append(
            Intrinsic(meaning.name, tuple(args[p.name] for p in meaning.params), None, meaning.key))

    def move(self, move: Move, tile: Addr, buffer: str, dtype: DType, index: Sym, pitch: Sym) -> None:
        at = Addr(buffer, self.expr(index), dtype)
        args: dict[str, Expr] = {move.tile.name: tile, move.pointer: at, move.pitch: self.expr(pitch)}
        for name, value in move.fixed:
            spelled = self.enumerators.get((name, value))
            args[name] = Var(spelled, I32) if spelled else Const(value, I32)
        self.call(move.meaning, args)


def _tiles(
    kernel: Kernel, out: str, c: Contraction, unit: TileUnit, warp: int,
    enumerators: Mapping[tuple[str, int], str],
) -> tuple[Stmt, ...]:
    fresh = Fresh([p.name for p in kernel.params])
    nest = _Tiles(fresh)
    nest.enumerators = enumerators
    block = {
        "block.z": list(c.outer),
        "block.y": [_steps(c.m, unit.m)], "block.x": [_steps(c.n, unit.n)],
    }
    axes: list[tuple[str, Sym]] = []
    mapping: dict[Sym, Sym] = {}
    if c.outer:
        total = ONE
        for v in c.outer:
            total = sym.mul(total, sym.extent_of(v))
        z = sym.fresh("z", total)
        left = z
        for v in reversed(c.outer):
            mapping[v] = sym.mod(left, sym.extent_of(v))
            left = sym.div(left, sym.extent_of(v))
        axes.append(("block.z", z))
    (tm,), (tn,) = block["block.y"], block["block.x"]
    axes += [("block.y", tm), ("block.x", tn)]
    mapping[c.m], mapping[c.n] = sym.scale(tm, unit.m), sym.scale(tn, unit.n)
    for _, v in axes:
        nest.open(v)
    lane = Var(fresh("lane"), I32)
    names = {}
    for key, tile in (("a", unit.a), ("b", unit.b), ("acc", unit.out)):
        names[key] = fresh(f"{key}_tile")
        nest.scopes[-1].stmts.append(Alloc(Buffer(names[key], tile.dtype, tile.extent, "local", tile.ctype)))
    a, b, acc = (Addr(names[k], ZERO, t.dtype) for k, t in (("a", unit.a), ("b", unit.b), ("acc", unit.out)))
    value = next(p.name for p in unit.fill.params if isinstance(p, Var))
    target = next(p.name for p in unit.fill.params if isinstance(p, Buffer))
    nest.call(unit.fill, {target: acc, value: nest.expr(c.init)})
    loops = [*((v, ONE) for v in c.around), (c.k, sym.integer(unit.k))]
    opened = []
    for v, step in loops:
        u = _steps(v, sym.value_of(step))
        mapping[v] = sym.scale(u, sym.value_of(step))
        opened.append((u, nest.expr(sym.extent_of(u))))
        nest.open(u)
    nest.move(unit.load_a, a, c.a.buffer, c.a.dtype, sym.substitute(c.a.index, mapping), _pitch(unit.load_a, c.a))
    nest.move(unit.load_b, b, c.b.buffer, c.b.dtype, sym.substitute(c.b.index, mapping), _pitch(unit.load_b, c.b))
    nest.call(unit.product, {unit.out.name: acc, unit.a.name: a, unit.b.name: b, unit.acc.name: acc})
    for u, extent in reversed(opened):
        nest.close(u, extent, "serial", [])
    pitch = c.strides[0] if unit.store.row_major else c.strides[1]
    nest.move(unit.store, acc, out, c.dtype, sym.substitute(c.index, mapping), pitch)
    body = tuple(nest.scopes.pop().stmts)
    stmt: Stmt = For(lane, ZERO, Const(warp, I32), ONE_, body, "thread.x")
    for kind, v in reversed(axes):
        nest.scopes = nest.scopes[:1]
        stmt = For(nest.vars[v], ZERO, Const(sym.value_of(sym.extent_of(v)), I32), ONE_, (stmt,), kind)
    return (stmt,)


def _steps(v: Sym, size: int) -> Sym:
    extent = sym.extent_of(v)
    count = sym.div(extent, sym.integer(size)) if size > 1 else extent
    return sym.fresh("t", count)


def _pitch(move: Move, f: Factor) -> Sym:
    return f.strides[0] if move.row_major else f.strides[1]
