"""Tensorize for vector instructions: loops over consecutive elements become calls of the target's vector intrinsics.

    for i in n: y[i] = exp(x[i] - m)      ->      copy x to NRAM;  sub_scalar(t, x, m, n);  exp(t, t, n);  copy to y

Each value of a nest is written in three-address form over temporaries in the target's vector space, and every
operation is unified with the bodies of the target's intrinsics (facts.offers). An operation nothing matches stays a
scalar loop over the temporaries. Reductions accumulate lane by lane and are reduced across lanes at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from xpiler.facts import sym
from xpiler.facts.offers import apart, in_turns, match, repeats
from xpiler.facts.sym import ONE, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import Expr, Kernel, Stmt, Store
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.contract import groups_of, typed
from xpiler.passes.lanes.cuts import Piece, pieces
from xpiler.passes.lanes.in_place import kept
from xpiler.passes.lanes.loops import AtIndex
from xpiler.passes.lanes.memory import VectorUnit, spares_memory
from xpiler.passes.lanes.order import ordered
from xpiler.passes.lanes.sums import ReductionNest
from xpiler.passes.lanes.which import Lanes, parted, strays, suffixes
from xpiler.passes.nests.nest import Output, converted
from xpiler.passes.nests.reused import reused
from xpiler.passes.step import NotApplicable

__all__ = ["VectorLoops", "VectorUnit"]


@dataclass(frozen=True)
class VectorLoops:
    """Rewrite a sequential kernel nest by nest with the vector unit's intrinsics."""

    unit: VectorUnit
    chunk: int = 4096

    def apply(self, kernel: Kernel) -> Kernel:
        try:
            return self._apply(kernel)
        except Unsummarised as e:
            raise NotApplicable(e.why, e.span) from e

    def _apply(self, kernel: Kernel) -> Kernel:
        names = Fresh([p.name for p in kernel.params])
        body: list[Stmt] = []
        used = False
        for group in groups_of(kernel):
            parts = tuple((name, Write(w.vars, w.index, w.guard, parted(w.value))) for name, w in group)
            if len(parts) == 1:
                parts = tuple((name, ordered(name, w)) for name, w in parts)
            nest = LaneNest(names, self.unit, self.chunk)
            stmts = nest.together(typed(kernel, parts))
            used = used or nest.vectors > 0
            body += stmts
        if not used:
            raise NotApplicable("no loop runs over consecutive elements")
        return Kernel(kernel.name, kernel.params, tuple(body), kernel.span)


class LaneNest(ReductionNest):
    """A nest builder whose innermost loops run in lanes."""

    def build(self, buffer: str, dtype: DType, w: Write) -> list[Stmt]:
        w = _kept(buffer, dtype, w)
        self.bare = w.guard is sym.TRUE
        lanes = self._lanes_of(w)
        if lanes is None:
            return super().build(buffer, dtype, w)
        if lanes.pieces:
            return self._in_pieces(buffer, dtype, w, lanes)
        v, w = lanes.var, Write(lanes.vars, lanes.index, w.guard, lanes.expr)
        self.reused = reused(w)

        def inner() -> tuple[AtIndex, AtIndex]:
            x = self._once(buffer, dtype, Write(w.vars, w.index, w.guard, self._packed(lanes)))
            return (lambda at: self._store_lanes(buffer, dtype, x, v, at),
                    lambda at: self._store_scalar(buffer, dtype, x, v, at))

        return self._around(w, v, self._all_of(v, dtype, inner, lanes.by_rows))

    def _in_pieces(self, buffer: str, dtype: DType, w: Write, lanes: Lanes) -> list[Stmt]:
        """The innermost loop piece by piece: in lanes where nothing that is tested differs between them."""
        self.reused = reused(w)
        outside = [g for g in sym.conjuncts(w.guard) if lanes.var not in g.free]

        def each() -> None:
            for p in lanes.pieces:
                left = sym.conjoin(*(g for g in sym.conjuncts(p.w.guard) if g not in outside))
                whole = replace(p, w=replace(p.w, guard=left))
                if left is not sym.FALSE:
                    (self._in_lanes if self._follows(whole) else self._one_by_one)(buffer, dtype, whole)

        return self._around(replace(w, guard=sym.conjoin(*outside)), lanes.var, each)

    def _in_lanes(self, buffer: str, dtype: DType, p: Piece) -> None:
        v, w = p.moved()
        self.where(w.guard, self._all_of(v, dtype, lambda: (
            lambda at: self._store_lanes(buffer, dtype, w, v, at),
            lambda at: self._store_scalar(buffer, dtype, w, v, at))))

    def _one_by_one(self, buffer: str, dtype: DType, p: Piece) -> None:
        """A piece whose iterations run one after the other."""
        v = p.w.vars[-1]
        if p.extent is ONE:
            w = p.w.at({v: p.start})
            self.where(w.guard, lambda: self._store_scalar(buffer, dtype, w, v, v))
            return
        start, stop = self.expr(p.start), self.expr(p.stop)
        self.open(v)
        self.where(p.w.guard, lambda: self._store_scalar(buffer, dtype, p.w, v, v))
        self.close(v, stop, "serial", [], start)

    def _follows(self, p: Piece) -> bool:
        """Whether a piece may run in lanes as it is."""
        v, w = p.moved()
        return v not in w.guard.free and strays(w.value, v) == [] and self._long(p.most, w.value.dtype)

    def _all_of(
        self, v: Sym, dtype: DType, inner: Callable[[], tuple[AtIndex, AtIndex]], asked: bool = False
    ) -> Callable[[], None]:
        """Run all iterations of a loop in lanes, the last few where it is `asked` whether there are any."""
        def run() -> None:
            vector, scalar = inner()
            kind = "serial" if self._open() and not self.unit.width else "parallel"
            self._lanes(v, kind, dtype, vector, scalar, asked=asked)

        return run

    def _once(self, buffer: str, dtype: DType, w: Write) -> Write:
        """The write where what a reduction computes too is read from the output, in which that leaves it."""
        found = kept(buffer, dtype, w) if self.unit.width and spares_memory(self.unit, dtype) else None
        if found is None:
            return w
        self.kept = found
        self.expr(found.fold)
        self.kept = None
        if found not in self.left:
            return w
        there = {found.value: sym.load(buffer, w.index, dtype)}
        return Write(w.vars, w.index, w.guard, sym.rewrite(w.value, there.get))

    def together(self, outputs: Sequence[Output]) -> list[Stmt]:
        first = outputs[0][2]
        lanes = [self._lanes_of(w) for _, _, w in outputs] if len(outputs) > 1 else []
        if not lanes or any(m is None or m.vars != first.vars or m.strays for m in lanes):
            return super().together(outputs)
        v = first.vars[-1]

        def vector(at: Sym) -> None:
            whole = [(buffer, dtype, w.at({v: at})) for buffer, dtype, w in outputs]
            for _, _, w in whole:
                self.share(w.value)
            made = [(self.vector(_as_stored(w.value, dtype)), buffer, self.plain_index(w.index), dtype)
                    for buffer, dtype, w in whole]
            for x in made:
                self._write_back(*x)

        def scalar(at: Sym) -> None:
            self.all_at_once([(buffer, dtype, w.at({v: at})) for buffer, dtype, w in outputs])

        types = [dtype for _, dtype, _ in outputs]
        narrow = next((t for t in types if not spares_memory(self.unit, t)), types[0])
        return self._around(first, v, self._all_of(v, narrow, lambda: (vector, scalar)))

    def _around(self, w: Write, v: Sym, run: Callable[[], None]) -> list[Stmt]:
        """The loops of a write around the one that `run` runs in lanes."""
        guards = list(sym.conjuncts(w.guard))
        outer = [u for u in w.vars if u is not v]
        opened: list[tuple[Sym, Expr, list[Sym]]] = []
        for n, u in enumerate(outer):
            extent = self.extent(u)
            ready = [g for g in guards if u in g.free and v not in g.free
                     and not g.free & set(outer[n + 1:])]
            guards = [g for g in guards if g not in ready]
            opened.append((u, extent, ready))
            self.open(u)
        self.vectors += 1
        if guards:
            raise Unsummarised("a condition that differs between lanes")
        run()
        for u, extent, ready in reversed(opened):
            self.close(u, extent, "parallel", ready)
        return self.scopes[0].stmts

    def _lanes_of(self, w: Write) -> Lanes | None:
        """The output loops to run in lanes: consecutive in the output and in every load that follows them.

        One that fills lanes by itself is best, then several that do; then a reduction's that does, for which the output
        is one scalar after another; then several for which loads are put in order first."""
        if not w.vars:
            return None
        v = w.vars[-1]
        _, terms = sym.terms_of(w.index)
        alone = None
        if terms.get(v) == 1 and not any(v in a.free for a in terms if a is not v) and v not in w.guard.free:
            alone = Lanes(w.vars, v, w.value, w.index) if strays(w.value, v) == [] else None
        if alone is not None and self._wide(sym.extent_of(v)):
            return alone
        short = [self._without_turns(m) for m in suffixes(w.vars, w.value, w.index)
                 if not w.guard.free & {*w.vars[len(m.vars) - 1:]}]
        several = [m for m in short if self._wide(sym.extent_of(m.var))]
        found = next((m for m in several if not m.strays), None)
        if found is not None:
            return found
        cut = self._cut(w) if alone is None and terms.get(v) == 1 else None
        if cut is not None and any(self._wide(p.most) and self._follows(p) for p in cut.pieces):
            return cut
        folds = sym.collect(w.value, lambda n: n.op == "fold")
        if any(self._fold_lanes(f, w.vars, packing=False) for f in folds):
            return None
        found = next((m for m in several if self._worth_packing(m, m.vars[:-1])), None)
        reduced = (self._fold_lanes(f, w.vars) for f in folds)
        if found is not None or any(m and self._wide(sym.extent_of(m.var)) for m in reduced):
            return found
        if alone is not None and self._long(sym.extent_of(v), w.value.dtype):
            return alone
        fits = (m for m in short[::-1] if self._worth_packing(m, m.vars[:-1]))
        found = next((m for m in fits if self._long(sym.extent_of(m.var), w.value.dtype)), cut)
        return self._spaced(w) if found is None else found

    def _spaced(self, w: Write) -> Lanes | None:
        """The innermost loop where what it loads, if not consecutive, is evenly apart and the machine copies that, or
        is collected in a register."""
        v = w.vars[-1]
        _, terms = sym.terms_of(w.index)
        if not self._wide(sym.extent_of(v)) or v in w.guard.free:
            return None
        if terms.get(v) != 1 or any(v in a.free for a in terms if a is not v):
            return None
        if self.unit.width:
            rows = self._by_rows(w.value, v)
            return Lanes(w.vars, v, w.value, w.index, by_rows=rows) if self._collects(w.value, v) else None
        found = strays(w.value, v)
        if found is None:
            return None
        return Lanes(w.vars, v, w.value, w.index) if all(apart(x, v) is not None for x in found) else None

    def _cut(self, w: Write) -> Lanes | None:
        """The innermost loop in pieces, of which some may run in lanes."""
        v = w.vars[-1]
        found = tuple(pieces(w))
        follow = any(map(self._follows, found))
        return Lanes(w.vars, v, w.value, w.index, pieces=found) if follow else None

    def _without_turns(self, lanes: Lanes) -> Lanes:
        """Lanes of which some take elements in turns where an instruction does: those do not stray."""
        turning = {x for x in lanes.strays if not self.unit.width and in_turns(x, lanes.var)}
        around = sym.collect(lanes.expr, lambda n: not turning.isdisjoint(n.args)) if turning else []
        found = ((o, match(o, n, lanes.var) or {}) for n in around for o in self.unit.offers)
        taken = {e for o, bound in found for p, e in bound.items() if e in turning and repeats(o, p)}
        return replace(lanes, strays=tuple(x for x in lanes.strays if x not in taken))

    def _store_lanes(self, buffer: str, dtype: DType, w: Write, v: Sym, at: Sym) -> None:
        value = sym.substitute(w.value, {v: at})
        index = sym.substitute(w.index, {v: at})
        self.share(value)
        stored = _as_stored(value, dtype)
        vector = self.vector(stored) if self._lane_var() in stored.free else self._broadcast(stored)
        base = self.plain_index(index)
        self._write_back(vector, buffer, base, dtype)

    def _store_scalar(self, buffer: str, dtype: DType, w: Write, v: Sym, at: Sym) -> None:
        value = self.expr(sym.substitute(w.value, {v: at}))
        index = self.expr(sym.substitute(w.index, {v: at}))
        self.scopes[-1].stmts.append(Store(buffer, index, converted(value, dtype)))


def _as_stored(value: Sym, dtype: DType) -> Sym:
    """The value as an element of its array; a whole number that is cut to fewer bits, or was known to fit, says so."""
    return sym.stated(value, dtype) if dtype.bits < value.dtype.bits else sym.cast(value, dtype)


def _kept(buffer: str, dtype: DType, w: Write) -> Write:
    """Elements written where data says so as all elements, some with what they held; only of an array that is read."""
    told = [g for g in sym.conjuncts(w.guard) if "ld" in g.has]
    read = [n for x in (w.guard, w.value) for n in sym.collect(x, lambda n: n.op == "ld" and n.data == buffer)]
    if not told or any(n.args[0] is not w.index for n in read) or not read:
        return w
    rest = sym.conjoin(*(g for g in sym.conjuncts(w.guard) if g not in told))
    old = sym.load(buffer, w.index, dtype)
    return Write(w.vars, w.index, rest, sym.select(sym.conjoin(*told), sym.cast(w.value, dtype), old))
