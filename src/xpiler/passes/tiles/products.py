"""Cache for sums of products: a block of threads shares the tiles its outputs are made of.

    for i, j: c[i,j] = sum_k a[i,k] * b[k,j]   ->   per block, a thread for each of 16 x 16 outputs:
                                                    for k step 16: one element of a and of b each into
                                                    shared memory; barrier; 16 products from there; barrier;
                                                    store, or what is made of the sum
"""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.contraction import SUM, Contraction, Factor, widened
from xpiler.facts.sym import ONE, Sym
from xpiler.ir.nodes import (
    Alloc, Assign, Barrier, Binary, Buffer, Const, Expr, If, Kernel, Let, Load, Select, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.contract import sums_of_products
from xpiler.passes.nests.grid import GridNest, constant_extent
from xpiler.passes.nests.nest import conjunction, converted
from xpiler.passes.step import NotApplicable

I32 = DType.I32
WORTH = 0.5  # the least share of a block's threads that has an output
REUSED = 8  # the fewest products an output must be made of


@dataclass(frozen=True)
class SharedProducts:
    """Rewrite every nest of a kernel with a block of `side` x `side` threads that fetch for each other."""

    side: int = 16

    def apply(self, kernel: Kernel) -> tuple[Kernel, ...]:
        found = sums_of_products(kernel, finish=True)
        several = len(found) > 1
        return tuple(self._nest(kernel, out, widened(c, self.side), f"_{n}" * several)
                     for n, (out, c) in enumerate(found))

    def _nest(self, kernel: Kernel, out: str, c: Contraction, suffix: str) -> Kernel:
        names = Fresh([p.name for p in kernel.params])
        return Kernel(kernel.name + suffix, kernel.params, (_Shared(names, self.side, c).kernel(out),), kernel.span)


class _Shared(GridNest):
    """Builds the kernel of one contraction."""

    def __init__(self, names: Fresh, side: int, c: Contraction) -> None:
        super().__init__(names)
        self.side, self.c = side, c
        self.extents = {v: constant_extent(v) for v in (c.m, c.n, c.k)}
        rows, columns, depth = self.extents.values()
        if depth < REUSED or rows * columns < WORTH * side * side * -(-rows // side) * -(-columns // side):
            raise NotApplicable("too few products to share")

    def kernel(self, out: str) -> Stmt:
        """Axis loops around the tiles, the sum, and the store."""
        c, side = self.c, self.side
        at = self.numbered("block.z", "bz", c.outer)
        block = {v: sym.scale(self.axis(kind, name, -(-self.extents[v] // side)), side)
                 for v, kind, name in ((c.m, "block.y", "by"), (c.n, "block.x", "bx"))}
        ty, tx = self.axis("thread.y", "ty", side), self.axis("thread.x", "tx", side)
        self.places = {place: self.named(word, place, -(-self.extents[v] // side) * side) for word, v, place in (
            ("row", c.m, sym.add(block[c.m], ty)), ("column", c.n, sym.add(block[c.n], tx)))}
        a, b = (self.names(f"{f.buffer}_tile") for f in (c.a, c.b))
        of_a, of_b = (side + (not _straight(f)) for f in (c.a, c.b))  # turned tiles avoid conflicts of banks
        self.put(Alloc(Buffer(a, c.a.dtype, Const(side * of_a, I32), "shared")))
        self.put(Alloc(Buffer(b, c.b.dtype, Const(side * of_b, I32), "shared")))
        total = Var(self.names("sum"), c.dtype)
        self.put(Let(total, self.expr(c.init)))
        for v in c.around:
            at[v] = v
            self.open(v)
        step = sym.fresh("k", sym.integer(-(-self.extents[c.k] // side)))
        self.open(step)
        near = sym.scale(step, side)
        self.fetch(c.a, a, of_a, at, (c.m, block[c.m]), (c.k, near), (ty, tx))
        self.fetch(c.b, b, of_b, at, (c.k, near), (c.n, block[c.n]), (ty, tx))
        self.put(Barrier("block"))
        q = sym.fresh("q", sym.integer(side))
        self.open(q)
        x = Load(a, self.expr(sym.add(sym.scale(ty, of_a), q)), c.a.dtype)
        y = Load(b, self.expr(sym.add(sym.scale(q, of_b), tx)), c.b.dtype)
        product = Binary("*", converted(x, c.dtype), converted(y, c.dtype), c.dtype)
        self.put(Assign(total, Binary("+", total, product, c.dtype)))
        self.shut(q)
        self.put(Barrier("block"))
        for v in (step, *reversed(c.around)):
            self.shut(v)
        at |= dict(zip((c.m, c.n), self.places.values(), strict=True))
        value: Expr = total
        if c.finish is not None:
            made = sym.var(total.name, dtype=c.dtype)
            value = self.expr(sym.substitute(c.finish, at | {sym.var(SUM, dtype=c.dtype): made}))
        store: Stmt = Store(out, self.expr(sym.substitute(c.index, at)), value)
        inside = [self.inside(at[v], v) for v in (c.m, c.n) if self.extents[v] % side]
        self.put(If(conjunction(inside), (store,)) if inside else store)
        return self.enclosed()

    def fetch(
        self, f: Factor, tile: str, pitch: int, at: dict[Sym, Sym], down: tuple[Sym, Sym], across: tuple[Sym, Sym],
        threads: tuple[Sym, Sym],
    ) -> None:
        """One element a thread, neighbours side by side in memory; what is past an end is zero."""
        p, q = threads if _straight(f) else threads[::-1]
        places = {v: self.places.get(place := sym.add(low, t), place) for (v, low), t in ((down, p), (across, q))}
        value: Expr = Load(f.buffer, self.expr(sym.substitute(f.index, at | places)), f.dtype)
        inside = [self.inside(place, v) for v, place in places.items() if self.extents[v] % self.side]
        if inside:
            value = Select(conjunction(inside), value, Const(0.0 if f.dtype.is_float else 0, f.dtype), f.dtype)
        self.put(Store(tile, self.expr(sym.add(sym.scale(p, pitch), q)), value))

    def named(self, word: str, place: Sym, extent: int) -> Sym:
        """A place by a name."""
        v = sym.fresh(word, sym.integer(extent))
        self.vars[v] = Var(self.names(word), I32)
        self.put(Let(self.vars[v], self.expr(place)))
        return v

    def inside(self, place: Sym, v: Sym) -> Expr:
        return Binary("<", self.expr(place), Const(self.extents[v], I32), DType.BOOL)

    def shut(self, v: Sym) -> None:
        self.close(v, self.extent(v), "serial", [])


def _straight(f: Factor) -> bool:
    """Whether a row of the tile is a row in memory, or at least no column is."""
    return f.strides[1] is ONE or f.strides[0] is not ONE
