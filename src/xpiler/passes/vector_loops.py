"""Loops in lanes: which loop runs in lanes, and in pieces of how many."""

from __future__ import annotations

from collections.abc import Callable

from xpiler.facts import sym
from xpiler.facts.offers import consecutive
from xpiler.facts.sym import ZERO, Sym
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Call, Const, Expr, Let, Var
from xpiler.ir.types import DType
from xpiler.passes.vector_choices import ChoiceNest
from xpiler.passes.vector_values import I32, Lane, spares_memory

SHORTEST = 4  # iterations that a register is used for where it has lanes to spare
AtIndex = Callable[[Sym], None]  # emits the statements for one value of an index


class LaneLoops(ChoiceNest):
    """A vector nest that opens loops whose iterations run in lanes."""

    def _long(self, v: Sym, dtype: DType) -> bool:
        """Whether a loop has iterations enough: a register's worth, fewer where some lanes can be left out."""
        n = sym.extent_of(v)
        least = SHORTEST if self.unit.width and spares_memory(self.unit, dtype) else max(self.unit.width, 2)
        return not sym.is_const(n) or sym.value_of(n) >= least

    def _lanes(self, v: Sym, kind: str, dtype: DType, vector: AtIndex, scalar: AtIndex) -> None:
        """Run `vector(index of the first lane + lane)` over v in chunks, `scalar(index)` over the rest where a register
        cannot leave lanes out."""
        if self.lane is not None:
            raise Unsummarised("lanes inside lanes")
        n = sym.extent_of(v)
        width = self.unit.width or self.chunk
        if not self.unit.width and sym.is_const(n) and sym.value_of(n) <= width:
            self._with_lane(sym.var("lane", n), self.expr(n), sym.value_of(n), vector)
            return
        if not self.unit.width:
            self._counted_chunks(n, width, kind, vector)
            return
        blocks = sym.div(n, sym.integer(width))
        if blocks is not ZERO:
            c = sym.fresh("b", blocks)
            extent = self.expr(blocks)
            self.open(c)
            self._with_lane(sym.var("lane", sym.integer(width)), Const(width, I32), width,
                            lambda lane: vector(sym.add(sym.scale(c, width), lane)))
            self.close(c, extent, kind, [])
        left = sym.mod(n, sym.integer(width))
        if left is not ZERO and spares_memory(self.unit, dtype):
            lane = sym.var("last lane", sym.integer(width))
            self.lane = Lane(lane, self.expr(left), width, left)
            vector(sym.add(sym.scale(blocks, width), lane))
            self.lane = None
        elif left is not ZERO:
            r = sym.fresh("r", left)
            extent = self.expr(left)
            self.open(r)
            scalar(sym.add(sym.scale(blocks, width), r))
            self.close(r, extent, "serial", [])

    def _counted_chunks(self, n: Sym, width: int, kind: str, vector: AtIndex) -> None:
        """Chunks of `width` lanes, the last one shorter: the count is min(width, what is left)."""
        blocks = sym.div(sym.add(n, sym.integer(width - 1)), sym.integer(width))
        c = sym.fresh("b", blocks)
        extent = self.expr(blocks)
        self.open(c)
        count: Expr = Const(width, I32)
        if sym.mod(n, sym.integer(width)) is not ZERO:
            left = self.expr(sym.sub(n, sym.scale(c, width)))
            m = Var(self.names("count"), I32)
            self.scopes[-1].stmts.append(Let(m, Call("min", (Const(width, I32), left), I32)))
            count = m
        self._with_lane(sym.var("lane", sym.integer(width)), count, width,
                        lambda lane: vector(sym.add(sym.scale(c, width), lane)))
        self.close(c, extent, kind, [])

    def _with_lane(self, lane: Sym, count: Expr, width: int, run: AtIndex) -> None:
        self.lane = Lane(lane, count, width)
        run(lane)
        self.lane = None


def follows(x: Sym, v: Sym) -> bool:
    """Every load of x ignores v or reads consecutive elements as v advances, and v is used in no other way."""
    for n in sym.collect(x, lambda n: v in n.free and (n.op in ("ld", "lt", "eq", "cast", "sel"))):
        if n.op == "ld" and not consecutive(n, v):
            return False
        if n.op in ("lt", "eq"):
            return False
    return True
