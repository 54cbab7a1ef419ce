"""Reductions in lanes: accumulated lane by lane, and across lanes at the end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial as partial_of

from xpiler.facts import sym
from xpiler.facts.offers import Offer, unbound
from xpiler.facts.sym import ZERO, Sym
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Addr, Alloc, Assign, Buffer, Const, Expr, For, If, Intrinsic, Let, Load, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, defines, statements
from xpiler.passes.lanes.in_place import Kept, always
from xpiler.passes.lanes.joined import flat
from xpiler.passes.lanes.loops import AtIndex, LaneLoops
from xpiler.passes.lanes.memory import I32, Lane, Vector, VectorUnit
from xpiler.passes.lanes.shortened import shortened
from xpiler.passes.lanes.which import Lanes, follow, split, strays, suffixes
from xpiler.passes.names.words import ACCUMULATORS
from xpiler.passes.nests.nest import Scope, combined, converted, under_one_condition

_ZERO, _ONE = Const(0, I32), Const(1, I32)
LITTLE = 2  # operations on what is accumulated that leave a processor waiting for the sum
QUICK = ("max", "min", "abs", "fma")
FEW = 32  # lanes that are left to a scalar loop at the end of a reduction


class ReductionNest(LaneLoops):
    """A vector nest whose reductions run in lanes."""

    def __init__(self, names: Fresh, unit: VectorUnit, chunk: int) -> None:
        super().__init__(names, unit, chunk)
        self.kept: Kept | None = None  # what the next reduction is to leave in an output
        self.left: set[Kept] = set()  # what has been

    def compute(self, x: Sym) -> Expr:
        lane, self.lane = self.lane, None
        x = flat(self.lighter(x)) if x.op == "fold" else x
        ended = shortened(x) if x.op == "fold" else x
        lanes = self._fold_lanes(ended, self._open()) if x.op == "fold" else None
        x = x if lanes is None else ended
        out = super().compute(x) if lanes is None else self._reduced(x, lanes)
        self.lane = lane
        return out

    def _reduced(self, x: Sym, lanes: Lanes) -> Expr:
        """A reduction to a scalar of which one loop runs in lanes."""
        op, vs, v = sym.fold_op(x), lanes.vars, lanes.var
        for part in always(x.args[0]):  # before what is accumulated is declared
            if part.op == "fold" and not part.free & {*sym.fold_vars(x)}:
                self.expr(part)
        acc = Var(self.names(ACCUMULATORS.get(op, op)), x.dtype)
        start, empty = Let(acc, converted(self.expr(x.args[1]), x.dtype)), sym.is_identity(op, x.args[1])
        self.scopes[-1].stmts.append(start)
        self.vectors += 1
        fresh = {u: sym.fresh("k", sym.extent_of(u)) for u in vs}
        body = sym.substitute(self._packed(lanes), fresh)
        outer = [fresh[u] for u in vs if u is not v]
        n = sym.extent_of(v)
        short = sym.is_const(n) and sym.value_of(n) <= self.chunk
        single = not self.unit.width and not outer and short
        width = self.unit.width or (sym.value_of(n) if short else self.chunk)
        extents = []
        partials: list[Vector] = []
        if not single:
            partials = [self._identity(op, x.dtype, width) for _ in range(self._abreast(lanes, x.dtype))]
        for u in outer:
            extents.append(self.extent(u))
            self.open(u)
        lane_var = fresh[v]

        def vector(at: Sym) -> None:
            term = sym.substitute(body, {lane_var: at})
            self.share(term)
            self._across(op, self.vector(term), acc, start, empty)

        def into(partial: Vector, at: Sym) -> None:
            term = sym.substitute(body, {lane_var: at})
            self.share(term)
            self._accumulate(op, partial, term)
            self._keep(x, at)

        def scalar(at: Sym) -> None:
            term = self.expr(sym.substitute(body, {lane_var: at}))
            self.scopes[-1].stmts.append(Assign(acc, combined(op, acc, converted(term, acc.dtype))))

        runs: list[AtIndex] = [partial_of(into, p) for p in partials] or [vector]
        self._lanes(lane_var, "serial", x.dtype, runs[0], scalar, runs, asked=lanes.by_rows)
        for u, extent in zip(reversed(outer), reversed(extents), strict=True):
            self.close(u, extent, "serial", [])
        if partials:
            self.lane = Lane(sym.var("lane", sym.integer(width)), Const(width, I32), width)
            self._joined(op, partials)
            self._across(op, partials[0], acc, start, empty)
            self.lane = None
        return acc

    def _abreast(self, lanes: Lanes, dtype: DType) -> int:
        """How many vectors a reduction is accumulated in at once: several where each step would wait for the one before
        it and there is little else to do meanwhile; one where outputs that read the same can run together instead."""
        n, width, x = sym.extent_of(lanes.var), self.unit.width, lanes.expr
        if not width or not sym.is_const(n) or not dtype.is_float:
            return 1
        loads = sym.collect(x, lambda e: e.op == "ld" and e.data not in self.homes)
        if any(u not in e.free for u in self._open() for e in loads):
            return 1
        work = sym.collect(x, lambda e: e.op in ("bin", "call", "sel") and e.dtype.is_float and lanes.var in e.free)
        if len(work) > LITTLE or any(e.op == "fold" or e.op == "call" and e.data not in QUICK
                                     for e in sym.collect(x, lambda e: e.op in ("fold", "call"))):
            return 1
        blocks = sym.value_of(n) // width
        return next((m for m in (4, 3, 2) if blocks % m == 0 and blocks >= 2 * m), 1)

    def _joined(self, op: str, vectors: list[Vector]) -> None:
        """All of some vectors in the first of them, by halves."""
        assert self.lane is not None
        while len(vectors) > 1:
            for a, b in zip(vectors[::2], vectors[1::2], strict=False):
                other = sym.load(f"~part{id(b)}", self.lane.var, b.dtype)
                self.scopes[-1].held[other] = b
                self._accumulate(op, a, other)
            vectors = vectors[::2]

    def _keep(self, x: Sym, at: Sym) -> None:
        """Leave what an iteration of a reduction has computed where it is wanted."""
        if self.kept is None or self.kept.fold is not x:
            return
        wanted = self.kept
        value, place = self.vector(wanted.element(at)), self.plain_index(wanted.place(at))
        self._write_back(value, wanted.buffer, place, wanted.value.dtype)
        self.left.add(wanted)

    def _fold_lanes(self, x: Sym, outer: Sequence[Sym], packing: bool = True) -> Lanes | None:
        """The loops of a reduction to run in lanes: every load follows them or ignores them, and one follows; best
        those that fill lanes."""
        op, body = sym.fold_op(x), x.args[0]
        if body.op == "sel" and (sym.is_identity(op, body.args[2]) or body.args[2].op == "undef"):
            if not self.unit.width or body.args[2].op == "undef":  # registers have masks
                return None
        loops, body = split(sym.fold_vars(x), body)
        alone = [Lanes(loops, v, body) for v in reversed(loops)
                 if strays(body, v) == [] and follow(body, v) and self._long(sym.extent_of(v), x.dtype)]
        several = [m for m in suffixes(loops, body, None) if follow(m.expr, m.var)]
        full = (m for m in (*alone, *several) if self._wide(sym.extent_of(m.var)))
        found = next((m for m in full if not m.strays or packing and self._worth_packing(m, outer)), None)
        if found is not None or not packing:
            return found
        return alone[0] if alone else self._collected_lanes(x, loops, body) if self.unit.width else None

    def _collected_lanes(self, x: Sym, loops: tuple[Sym, ...], body: Sym) -> Lanes | None:
        """The innermost loop of a reduction where one load follows it, and others are collected."""
        v = loops[-1]
        wide = self._wide(sym.extent_of(v)) and follow(body, v)
        return Lanes(loops, v, body, by_rows=self._by_rows(body, v)) if wide and self._collects(body, v) else None

    # ------------------------------------------------------------ reductions of vectors

    def _identity(self, op: str, dtype: DType, width: int) -> Vector:
        """An accumulator with the operation's identity in every lane."""
        lane, self.lane = self.lane, Lane(sym.var("lane", sym.integer(width)), Const(width, I32), width)
        out = self._filled(sym.identity_of(op, dtype), ACCUMULATORS.get(op, op))
        self.lane = lane
        return out

    def _fold_vector(self, x: Sym) -> Vector:
        """A reduction per lane: an accumulator vector, the reduction loops around it."""
        assert self.lane is not None
        lane, self.lane = self.lane, None
        x = flat(self.lighter(x))
        self.lane = lane
        op, init = sym.fold_op(x), x.args[1]
        acc = self._beginning(init)
        fresh = {u: sym.fresh("k", sym.extent_of(u)) for u in sym.fold_vars(x)}
        body = sym.substitute(x.args[0], fresh)
        if body.op == "sel" and body.args[2].op == "undef":
            body = sym.make("sel", (*body.args[:2], sym.identity_of(op, x.dtype)), None, x.dtype)
        extents = []
        for u in fresh.values():
            extents.append(self.extent(u))
            self.open(u)
        self.share(body)
        self._accumulate(op, acc, body)
        for u, extent in zip(reversed(list(fresh.values())), reversed(extents), strict=True):
            self.close(u, extent, "serial", [])
        return acc

    def _beginning(self, init: Sym) -> Vector:
        """An accumulator that holds what a reduction starts from; nothing else may be kept in it."""
        assert self.lane is not None
        if self.lane.var not in init.free:
            return self._filled(init, "acc")
        if init.op == "ld":
            return self._vector(init)
        acc = Vector(init.dtype, stem="acc")
        init = self.inline(init) or init if init.op == "fold" else init
        best = self._best(init)
        if best is not None:
            return self._call(best[0], best[1], acc)
        self._reserve(acc)
        self._copied(self.vector(init), acc)
        return acc

    def _accumulate(self, op: str, acc: Vector, term: Sym) -> None:
        """acc = acc op term, lane by lane."""
        assert self.lane is not None
        guard, taken = under_one_condition(op, term)
        if guard is not sym.TRUE and self.lane.var not in guard.free:
            test = self.expr(guard)
            self.scopes.append(Scope(None, guarded=True))
            self.share(taken)
            self._accumulate(op, acc, taken)
            stmts = self.scopes.pop().stmts
            self.scopes[-1].stmts.append(If(test, tuple(stmts)))
            return
        old = sym.load(f"~acc{id(acc)}", self.lane.var, acc.dtype)
        if self.lane.var not in term.free:
            self.scopes[-1].held[term] = self._broadcast(term)
        self.scopes[-1].held[old] = acc
        # Of what is no number, instructions on registers give the second: the extreme of those before stays.
        pair = (term, old) if op in ("max", "min") and self.unit.width else (old, term)
        whole = self.lane.where_it_runs(sym.combine(op, *pair, acc.dtype), old)
        best = self._best(whole, old)
        if best is not None and (acc.register or not self.unit.width):
            self._call(best[0], best[1], acc)
            return
        if best is not None:  # the accumulator stays where it was declared, outside the loop this is in
            self._write_back(self._call(best[0], best[1], Vector(acc.dtype)), acc.memory, _ZERO, acc.dtype)
            return
        v = self.vector(term)
        a, b = self._memory(acc), self._memory(v)
        self._element_loop(a, lambda i: combined(op, Load(a, i, acc.dtype), Load(b, i, acc.dtype)))
        if acc.register:
            back = self._from_memory(a, acc.dtype)
            if back is None:
                raise Unsummarised("no instruction loads a register")
            self._call(back[0], back[1], acc)

    def _across(self, op: str, v: Vector, acc: Var, start: Let, empty: bool) -> None:
        """acc = acc op (all lanes of v); `start` declares it, `empty` where it begins with nothing."""
        offer = self._whole(op, acc.dtype)
        if offer is not None:
            self._at_once(offer, op, v, acc, start, empty)
            return
        memory, count = self._halved(op, v)
        i = Var(self.names("l"), I32)
        step = Assign(acc, combined(op, acc, Load(memory, i, acc.dtype)))
        self.scopes[-1].stmts.append(For(i, _ZERO, count, _ONE, (step,)))

    def _whole(self, op: str, dtype: DType) -> Offer | None:
        """What reduces all lanes at once."""
        assert self.lane is not None
        for offer in self.unit.offers:
            if offer.lane is not None or offer.value.op != "fold" or offer.dtype is not dtype:
                continue
            if sym.fold_op(offer.value) != op or offer.width != (self.lane.width if self.unit.width else 0):
                continue
            body, init = offer.value.args
            if body.op != "ld" or not sym.is_identity(op, init) and init.op != "ld":
                continue
            if not unbound(offer, {str(body.data): ZERO}):
                return offer
        return None

    def _at_once(self, offer: Offer, op: str, v: Vector, acc: Var, start: Let, empty: bool) -> None:
        """acc = acc op (all lanes of v) by one instruction; it declares acc where nothing but `start` has set that."""
        assert self.lane is not None
        stmts, value = self.scopes[-1].stmts, start.value
        first = value is not None and [s for s in statements(tuple(stmts)) if defines(s) == acc] == [start]
        if first:
            stmts[:] = [s for s in stmts if s is not start]
        operands: dict[str, Expr] = {offer.count: self.lane.count, str(offer.value.args[0].data): (
            Addr(self._register(v), _ZERO, v.dtype) if self.unit.width else Addr(v.memory, v.at, v.dtype))}
        result: Var | None = None
        whole: Expr
        if offer.result:
            result = whole = acc if first and empty else Var(self.names("part"), acc.dtype)
            stmts.append(Let(result, None))
        else:
            near = self._result(acc)
            operands[offer.out], whole = Addr(near, _ZERO, acc.dtype), Load(near, _ZERO, acc.dtype)
        args = tuple(operands[p.name] for p in offer.meaning.params)
        stmts.append(Intrinsic(offer.meaning.name, args, result, offer.meaning.key))
        if not first or value is None:
            stmts.append(Assign(acc, combined(op, acc, whole)))
        elif result != acc:
            stmts.append(Let(acc, whole if empty else combined(op, value, whole)))

    def _result(self, acc: Var) -> str:
        """An array in the vector space with room for what an instruction leaves there that has one result."""
        name, size = self.names(f"{acc.name}_{self.unit.space}"), max(self.unit.result_bytes // acc.dtype.bytes, 1)
        self.scopes[-1].stmts.append(Alloc(Buffer(name, acc.dtype, Const(size, I32), self.unit.space)))
        return name

    def _halved(self, op: str, v: Vector) -> tuple[str, Expr]:
        """Fold the upper half of v onto the lower one while the instruction set can; what is left, and how much."""
        assert self.lane is not None
        memory, count = self._memory(v), self.lane.count
        if self.unit.width or not isinstance(count, Const):
            return memory, count
        width, own = int(count.value), False
        lane = sym.var("lane", sym.integer(width))
        a, b = sym.load("~a", lane, v.dtype), sym.load("~b", lane, v.dtype)
        pair = sym.combine(op, a, b, v.dtype)
        best = self._best(pair)
        while best is not None and width > FEW:
            offer, bound = best
            upper, width = width // 2, width - width // 2
            to = memory if own else self.names(f"{v.stem}_halves")
            if not own:
                self.scopes[-1].stmts.append(
                    Alloc(Buffer(to, v.dtype, Const(width, I32), self.unit.space)))
            halves: dict[Sym, Expr] = {a: Addr(memory, _ZERO, v.dtype), b: Addr(memory, Const(width, I32), v.dtype)}
            args: list[Expr] = []
            for p in offer.meaning.params:
                if p.name == offer.count:
                    args.append(Const(upper, p.dtype))
                elif p.name == offer.out:
                    args.append(Addr(to, _ZERO, v.dtype))
                else:
                    args.append(halves[bound[p.name]])
            self.scopes[-1].stmts.append(Intrinsic(offer.meaning.name, tuple(args), None, offer.meaning.key))
            if upper < width and not own:  # the one in the middle has no other
                middle = Const(upper, I32)
                self.scopes[-1].stmts.append(Store(to, middle, Load(memory, middle, v.dtype)))
            memory, own = to, True
        return memory, Const(width, I32)
