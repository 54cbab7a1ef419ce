"""Cache: what a loop reads of an array is copied to a nearer memory first.

    for j in 64: s += x[64*i + j] * w[j]      ->      for c in 64: x_near[c] = x[64*i + c]
                                                      for j in 64: s += x_near[j] * w[j]
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from xpiler.facts import sym
from xpiler.facts.summary import symbol
from xpiler.facts.sym import ONE, Sym
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Alloc, Binary, Buffer, Const, Expr, For, Kernel, Load, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, buffers_written, loads, map_exprs, map_stmts, names, statements
from xpiler.passes.nest import Nest
from xpiler.passes.split import loop_named
from xpiler.passes.step import NotApplicable

I32 = DType.I32


@dataclass(frozen=True)
class Cache:
    """Stage the elements of `buffer` that `loop` reads into `space`; the footprint must be a range of constant size."""

    buffer: str
    loop: str
    space: str = "local"

    def apply(self, kernel: Kernel) -> Kernel:
        loop = loop_named(kernel, self.loop)
        if self.buffer in buffers_written(loop.body):
            raise NotApplicable(f"`{self.loop}` writes `{self.buffer}`", loop.span)
        reads = list(loads((loop,), self.buffer))
        if not reads:
            raise NotApplicable(f"`{self.loop}` does not read `{self.buffer}`", loop.span)
        inside = {s.var.name for s in statements((loop,)) if isinstance(s, For)}
        try:
            first, size = _footprint(kernel, [r.index for r in reads], inside)
        except Unsummarised as e:
            raise NotApplicable(e.why, loop.span) from e
        fresh = Fresh(names(kernel))
        near = Buffer(fresh(f"{self.buffer}_near"), reads[0].dtype, Const(size, I32), self.space)
        start = Nest(fresh).plain(first)
        c = Var(fresh("c"), I32)
        one = Load(self.buffer, _plus(start, c), near.dtype)
        fill = For(c, Const(0, I32), Const(size, I32), Const(1, I32), (Store(near.name, c, one),), "parallel")

        def moved(e: Expr) -> Expr:
            if isinstance(e, Load) and e.buffer == self.buffer:
                return Load(near.name, Nest(fresh).plain(sym.sub(symbol(kernel, e.index), first)), e.dtype)
            return e

        cached = replace(loop, body=map_exprs(loop.body, moved))
        body = map_stmts(kernel.body, lambda s: (Alloc(near), fill, cached)
                         if isinstance(s, For) and s.var == loop.var else s)
        return replace(kernel, body=body)


def _footprint(kernel: Kernel, indices: list[Expr], inside: set[str]) -> tuple[Sym, int]:
    """The first element read and how many follow, over all iterations of the loops inside."""
    found = [symbol(kernel, e) for e in indices]
    lows = [_ends(x, inside, upper=False) for x in found]
    highs = [_ends(x, inside, upper=True) for x in found]
    gaps = [sym.sub(h, low) for h in highs for low in lows]
    if not all(sym.is_const(g) for g in gaps):
        raise Unsummarised("what the loop reads is not a range of constant size")
    first = min(lows, key=lambda x: sym.value_of(sym.sub(x, lows[0])))
    last = max(highs, key=lambda x: sym.value_of(sym.sub(x, first)))
    return first, sym.value_of(sym.add(sym.sub(last, first), ONE))


def _ends(x: Sym, inside: set[str], *, upper: bool) -> Sym:
    """x with the loops inside at the ends that make it largest or smallest; the others stay."""
    const, terms = sym.terms_of(x)
    out = sym.integer(const)
    for atom, c in terms.items():
        mine = [v for v in atom.free if sym.name_of(v) in inside]
        if not mine:
            out = sym.add(out, sym.scale(atom, c))
        elif atom.op == "var":
            end = sym.sub(sym.extent_of(atom), ONE) if (c > 0) == upper else sym.ZERO
            out = sym.add(out, sym.scale(end, c))
        else:
            raise Unsummarised("an index is not a sum of loop variables")
    return out


def _plus(a: Expr, c: Var) -> Expr:
    return Binary("+", a, c, I32)
