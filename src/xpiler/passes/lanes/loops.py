"""Loops in lanes: in pieces of how many, and what is put in their order beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from xpiler.facts import sym
from xpiler.facts.offers import gathers
from xpiler.facts.sym import ONE, TRUE, ZERO, Sym
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Alloc, Buffer, Call, Const, Expr, Let, Store, Var
from xpiler.ir.types import DType
from xpiler.passes.lanes.choices import ChoiceNest
from xpiler.passes.lanes.memory import I32, Lane, spares_memory
from xpiler.passes.lanes.reciprocals import of_bits
from xpiler.passes.lanes.which import Lanes, dimensions, follow, read_again, scattered, strays
from xpiler.passes.names.words import words
from xpiler.passes.nests.nest import row_major

WIDE = 32  # iterations that an instruction with a count is worth its start for
SHORTEST = 4  # iterations that a register is used for where it has lanes to spare
AtIndex = Callable[[Sym], None]  # emits the statements for one value of an index


def _from(first: Sym, run: AtIndex) -> AtIndex:
    """What runs for a lane, by where the first one is."""
    return lambda lane: run(sym.add(first, lane))


class LaneLoops(ChoiceNest):
    """A vector nest that opens loops whose iterations run in lanes."""

    bare = True  # nothing but the loops says which elements are computed

    def _wide(self, n: Sym, least: int = 0) -> bool:
        """Whether a loop of n iterations has enough to fill lanes."""
        return not sym.is_const(n) or sym.value_of(n) >= (least or self.unit.width or WIDE)

    def _long(self, n: Sym, dtype: DType) -> bool:
        """Whether a loop has iterations enough, if there is no better one: a register's worth, fewer where some lanes
        can be left out."""
        return self._wide(n, SHORTEST if spares_memory(self.unit, dtype) else max(self.unit.width, 2))

    def _packed(self, lanes: Lanes) -> Sym:
        """The value of some lanes where each load that strays is one of an array in their order, filled further out."""
        packed: dict[Sym, Sym] = {}
        for load in lanes.strays:
            packed[load] = self._pack(load, lanes.var)
        return sym.rewrite(lanes.expr, packed.get)

    def _open(self) -> list[Sym]:
        return [s.var for s in self.scopes if s.var is not None]

    def _worth_packing(self, lanes: Lanes, outer: Sequence[Sym]) -> bool:
        bare = self.bare and not any(s.guarded for s in self.scopes)  # else it may read what a condition keeps it from
        return bare and all(read_again(x, lanes.var, outer) is not None for x in lanes.strays)

    def _collects(self, x: Sym, v: Sym) -> bool:
        """Whether registers have instructions for all that x loads in a register's worth of iterations of v, and for
        the places of that. Of rows of several registers' length a register's are in one row."""
        moved, lane, _ = self._in_registers(x, v)
        found = scattered(moved, lane)
        if found is None or "fold" in x.has:
            return False
        known = {o.value.dtype for o in self.unit.offers if o.width == self.unit.width and gathers(o.value)}
        return all(n.dtype in known for n in found) and not sym.collect(moved, lambda n: (
            n.op in ("div", "mod") and lane in n.free and n.free != {lane} and of_bits(n) is None))

    def _by_rows(self, x: Sym, v: Sym) -> bool:
        """Whether all lanes of a register read an element that those of another one do not: there is none of it where
        no lane has an iteration."""
        moved, lane, block = self._in_registers(x, v)
        return bool(sym.collect(moved, lambda n: n.op == "ld" and block in n.free and lane not in n.free))

    def _in_registers(self, x: Sym, v: Sym) -> tuple[Sym, Sym, Sym]:
        """x by registers and lanes, a lane, and a register."""
        width = sym.integer(self.unit.width)
        lane, block = sym.var("lane", width), sym.fresh("b", sym.div(sym.extent_of(v), width))
        return sym.substitute(x, {v: sym.add(sym.scale(block, self.unit.width), lane)}), lane, block

    def _pack(self, load: Sym, v: Sym) -> Sym:
        outer = self._open()
        first = read_again(load, v, outer)
        if first is None:
            raise Unsummarised("what lanes read is not in their order")
        at = next(n for n, s in enumerate(self.scopes) if s.var is outer[first])
        inner, self.scopes = self.scopes[at:], self.scopes[:at]
        loops = dimensions(load, v, outer, first)
        held = self.scopes[-1].held
        key = ("packed", load.data, sym.substitute(
            load.args[0], {u: sym.var(f"~{n}", sym.extent_of(u)) for n, u in enumerate(loops)}))
        name = held.get(key)
        if name is None:
            name = held[key] = self._fill(load, loops)
        self.scopes += inner
        return sym.load(str(name), row_major(loops), load.dtype)

    def allocated(self, dtype: DType, size: int, stem: str) -> str:
        """In the vector space, where there is one."""
        if self.unit.width:
            return super().allocated(dtype, size, stem)
        name = self.names(stem)
        self.scopes[-1].stmts.append(Alloc(Buffer(name, dtype, Const(size, I32), self.unit.space)))
        self.near.add(name)
        self.homes[name] = self.scopes[-1]
        return name

    def in_array(self, j: Sym, value: Sym, guard: Sym) -> str:
        """In lanes, where what it is made of is in their order."""
        follows = guard is TRUE and strays(value, j) == [] and follow(value, j)
        if not follows or not self._long(sym.extent_of(j), value.dtype):
            return super().in_array(j, value, guard)
        lane, self.lane = self.lane, None
        short = not self.unit.width and sym.value_of(sym.extent_of(j)) <= self.chunk
        name = "" if short else self.allocated(value.dtype, sym.value_of(sym.extent_of(j)), words(value))

        def vector(at: Sym) -> None:
            nonlocal name
            part = sym.substitute(value, {j: at})
            self.share(part)
            v, base = self.vector(part), self.plain_index(at)
            if self.unit.width:
                self._write_back(v, name, base, value.dtype)
            elif short:  # the vector is the array
                name = self._memory(v)
                self.near.add(name)
                self.homes[name] = self.scopes[-1]
            else:
                self._transfer(name, base, v.memory, v.at, value.dtype, (self.unit.space, self.unit.space))

        def scalar(at: Sym) -> None:
            self.scopes[-1].stmts.append(Store(name, self.expr(at), self.expr(sym.substitute(value, {j: at}))))

        self._lanes(j, "serial", value.dtype, vector, scalar)
        self.lane = lane
        return name

    def _fill(self, load: Sym, loops: list[Sym]) -> str:
        """An array with a load's values over some loops."""
        size = math.prod(sym.value_of(sym.extent_of(u)) for u in loops)
        name = self.allocated(load.dtype, size, f"{load.data}_packed")
        copies = {u: sym.fresh("j", sym.extent_of(u)) for u in loops}
        for c in copies.values():
            self.open(c)
        value, index = self.expr(sym.substitute(load, copies)), self.expr(row_major(list(copies.values())))
        self.scopes[-1].stmts.append(Store(name, index, value))
        for c in reversed(copies.values()):
            self.close(c, self.extent(c), "serial", [])
        return name

    def _lanes(
        self, v: Sym, kind: str, dtype: DType, vector: AtIndex, scalar: AtIndex, abreast: Sequence[AtIndex] = (),
        asked: bool = False,
    ) -> None:
        """Run `vector(index of the first lane + lane)` over v in chunks, `scalar(index)` over the rest where a register
        cannot leave lanes out; with `asked`, there is a rest where it is asked for alone. `abreast`: what is run
        instead over so many chunks of each iteration, whose number it divides."""
        if self.lane is not None:
            raise Unsummarised("lanes inside lanes")
        n = self._counted(sym.extent_of(v))
        width = self.unit.width or self.chunk
        if not self.unit.width and sym.is_const(n) and sym.value_of(n) <= width:
            self._with_lane(sym.var("lane", n), self.expr(n), sym.value_of(n), vector)
            return
        if not self.unit.width and n.hi <= width:
            self._counted_once(n, vector)
            return
        if not self.unit.width:
            self._counted_chunks(n, width, kind, vector)
            return
        blocks = sym.div(n, sym.integer(width))
        if blocks is ONE:
            self._with_lane(sym.var("lane", sym.integer(width)), Const(width, I32), width, vector)
        elif blocks is not ZERO:
            runs = abreast or (vector,)
            c = sym.fresh("b", sym.div(blocks, sym.integer(len(runs))))
            extent = self.expr(sym.extent_of(c))
            self.open(c)
            for number, run in enumerate(runs):
                first = sym.scale(sym.add(sym.scale(c, len(runs)), sym.integer(number)), width)
                self._with_lane(sym.var("lane", sym.integer(width)), Const(width, I32), width, _from(first, run))
            self.close(c, extent, kind, [])
        left = sym.mod(n, sym.integer(width))
        if left is not ZERO and spares_memory(self.unit, dtype):
            lane = sym.var("last lane", sym.integer(width))

            def last() -> None:
                self.lane = Lane(lane, self.expr(left), width, left)
                vector(sym.add(sym.scale(blocks, width), lane))
                self.lane = None

            self.where(sym.compare(">", left, ZERO) if asked else TRUE, last)
        elif left is not ZERO:
            r = sym.fresh("r", left)
            extent = self.expr(left)
            self.open(r)
            scalar(sym.add(sym.scale(blocks, width), r))
            self.close(r, extent, "serial", [])

    def _counted(self, n: Sym) -> Sym:
        """How many iterations there are, never fewer than none; by a name where it is not plain."""
        n = sym.call("max", (n, ZERO), I32)
        if "call" in n.has and not any(n in s.named for s in self.scopes):
            scope = self.scopes[self.level(n)]
            count = Var(self.names("length"), I32)
            scope.stmts.append(Let(count, self.plain(n)))
            scope.named[n] = count
        return n

    def _counted_once(self, n: Sym, vector: AtIndex) -> None:
        """All lanes at once, where there are any."""
        def run() -> None:
            count = Var(self.names("count"), I32)
            self.scopes[-1].stmts.append(Let(count, self.expr(n)))
            most = int(n.hi)
            self._with_lane(sym.var("lane", sym.integer(most)), count, most, vector)

        self.where(sym.compare(">", n, ZERO), run)

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
