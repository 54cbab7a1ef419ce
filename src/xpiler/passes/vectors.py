"""Tensorize for vector instructions: loops over consecutive elements become calls of the target's vector intrinsics.

    for i in n: y[i] = exp(x[i] - m)      ->      copy x to NRAM;  sub_scalar(t, x, m, n);  exp(t, t, n);  copy to y

Each value of a nest is written in three-address form over temporaries in the target's vector space, and every
operation is unified with the bodies of the target's intrinsics (facts.offers). An operation nothing matches stays a
scalar loop over the temporaries. Reductions accumulate lane by lane and are reduced across lanes at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.offers import Binding, Offer, consecutive, covered, is_memory, match, unbound
from xpiler.facts.sym import ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Binary, Buffer, Call, Const, Expr, For, If, Intrinsic, Kernel, Let, Load, Stmt,
    Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.contract import nests_of
from xpiler.passes.nest import NAMES, Nest, Scope, combined, converted
from xpiler.passes.step import NotApplicable

I32 = DType.I32
_ZERO, _ONE = Const(0, I32), Const(1, I32)
DEEPEST = 100  # operands of operands
FEW = 32  # lanes that are left to a scalar loop at the end of a reduction
AtIndex = Callable[[Sym], None]  # emits the statements for one value of an index


@dataclass(frozen=True)
class VectorUnit:
    """How a target computes on vectors.

    `width` is the number of 32-bit lanes of a register, or 0 when instructions take a count and operate on the memory
    space `space`; `transfers` names the copy direction between two spaces, `copy` the intrinsic that takes it.
    `room` is how many bytes of `space` temporaries may take. `tasks` is how many tasks share the outermost loop (0:
    leave it parallel)."""

    offers: tuple[Offer, ...]
    width: int = 0
    space: str = ""
    copy: str = ""
    transfers: tuple[tuple[tuple[str, str], str], ...] = ()
    room: int = 0

    def direction(self, source: str, to: str) -> str:
        return dict(self.transfers)[(source, to)]


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
        for name, w in nests_of(kernel):
            dtype = next(p.dtype for p in kernel.params if isinstance(p, Buffer) and p.name == name)
            nest = LaneNest(names, self.unit, self.chunk)
            stmts = nest.build(name, dtype, w)
            used = used or nest.vectors > 0
            body += stmts
        if not used:
            raise NotApplicable("no loop runs over consecutive elements")
        return Kernel(kernel.name, kernel.params, tuple(body), kernel.span)


@dataclass
class Vector:
    """A vector value: the names of its register and of its copy in memory, as far as they exist."""

    dtype: DType
    register: str = ""
    memory: str = ""
    stem: str = "t"  # what names made for it start with


@dataclass
class _Lane:
    """The loop being executed by lanes: its canonical variable and the number of lanes now."""

    var: Sym
    count: Expr
    width: int


@dataclass
class LaneNest(Nest):
    """A nest builder whose innermost loops run in lanes."""

    names: Fresh
    unit: VectorUnit
    chunk: int
    vectors: int = 0
    lane: _Lane | None = None

    def __post_init__(self) -> None:
        super().__init__(self.names)
        self.within = 0  # how many vectors are being made, each an operand of the one before

    # ------------------------------------------------------------ the nest

    def build(self, buffer: str, dtype: DType, w: Write) -> list[Stmt]:
        v = self._lane_of(w)
        if v is None:
            return super().build(buffer, dtype, w)
        guards = list(sym.conjuncts(w.guard))
        outer = [u for u in w.vars if u is not v]
        opened: list[tuple[Sym, Expr, list[Sym]]] = []
        for n, u in enumerate(outer):
            extent = self.expr(sym.extent_of(u))
            ready = [g for g in guards if u in g.free and v not in g.free
                     and not g.free & set(outer[n + 1:])]
            guards = [g for g in guards if g not in ready]
            opened.append((u, extent, ready))
            self.open(u)
        self.vectors += 1
        if guards:
            raise Unsummarised("a condition that differs between lanes")
        kind = "serial" if outer else "parallel"
        self._lanes(v, kind, lambda at: self._store_lanes(buffer, dtype, w, v, at),
                    lambda at: self._store_scalar(buffer, dtype, w, v, at))
        for u, extent, ready in reversed(opened):
            self.close(u, extent, "parallel", ready)
        return self.scopes[0].stmts

    def _lane_of(self, w: Write) -> Sym | None:
        """The output loop to run in lanes: consecutive in the output and in every load that follows it."""
        if not w.vars:
            return None
        v = w.vars[-1]
        _, terms = sym.terms_of(w.index)
        if terms.get(v) != 1 or any(v in a.free for a in terms if a is not v):
            return None
        if any(v in g.free for g in sym.conjuncts(w.guard)) or not self._long(v):
            return None
        return v if _follows(w.value, v) else None

    def _long(self, v: Sym) -> bool:
        n = sym.extent_of(v)
        return not sym.is_const(n) or sym.value_of(n) >= max(self.unit.width, 2)

    def _lanes(self, v: Sym, kind: str, vector: AtIndex, scalar: AtIndex) -> None:
        """Run `vector(index of the first lane + lane)` over v in chunks, `scalar(index)` over the rest."""
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
        c = sym.fresh("b", blocks)
        extent = self.expr(blocks)
        self.open(c)
        self._with_lane(sym.var("lane", sym.integer(width)), Const(width, I32), width,
                        lambda lane: vector(sym.add(sym.scale(c, width), lane)))
        self.close(c, extent, kind, [])
        left = sym.mod(n, sym.integer(width))
        if left is not ZERO:
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
        self.lane = _Lane(lane, count, width)
        run(lane)
        self.lane = None

    def _store_lanes(self, buffer: str, dtype: DType, w: Write, v: Sym, at: Sym) -> None:
        value = sym.substitute(w.value, {v: at})
        index = sym.substitute(w.index, {v: at})
        vector = self.vector(sym.cast(value, dtype))
        base = self.plain_index(index)
        self._write_back(vector, buffer, base, dtype)

    def _store_scalar(self, buffer: str, dtype: DType, w: Write, v: Sym, at: Sym) -> None:
        value = self.expr(sym.substitute(w.value, {v: at}))
        index = self.expr(sym.substitute(w.index, {v: at}))
        self.scopes[-1].stmts.append(Store(buffer, index, converted(value, dtype)))

    def plain_index(self, index: Sym) -> Expr:
        """The index of lane 0."""
        assert self.lane is not None
        return self.expr(sym.substitute(index, {self.lane.var: ZERO}))

    # ------------------------------------------------------------ scalar reductions in lanes

    def compute(self, x: Sym) -> Expr:
        lane, self.lane = self.lane, None
        v = self._fold_lane(x) if x.op == "fold" else None
        out = super().compute(x) if v is None else self._reduced(x, v)
        self.lane = lane
        return out

    def _reduced(self, x: Sym, v: Sym) -> Expr:
        """A reduction to a scalar whose loop over v runs in lanes."""
        op, vs = sym.fold_op(x), sym.fold_vars(x)
        acc = Var(self.names(NAMES.get(op, op)), x.dtype)
        self.scopes[-1].stmts.append(Let(acc, converted(self.expr(x.args[1]), x.dtype)))
        self.vectors += 1
        body = x.args[0]
        fresh = {u: sym.fresh("k", sym.extent_of(u)) for u in vs}
        body = sym.substitute(body, fresh)
        outer = [fresh[u] for u in vs if u is not v]
        n = sym.extent_of(v)
        short = sym.is_const(n) and sym.value_of(n) <= self.chunk
        single = not self.unit.width and not outer and short
        width = self.unit.width or (sym.value_of(n) if short else self.chunk)
        extents = []
        partial: Vector | None = None
        if not single:
            partial = self._identity(op, x.dtype, width)
        for u in outer:
            extents.append(self.expr(sym.extent_of(u)))
            self.open(u)
        lane_var = fresh[v]

        def vector(at: Sym) -> None:
            term = sym.substitute(body, {lane_var: at})
            if partial is None:
                self._across(op, self.vector(term), acc)
            else:
                self._accumulate(op, partial, term)

        def scalar(at: Sym) -> None:
            term = self.expr(sym.substitute(body, {lane_var: at}))
            self.scopes[-1].stmts.append(Assign(acc, combined(op, acc, converted(term, acc.dtype))))

        self._lanes(lane_var, "serial", vector, scalar)
        for u, extent in zip(reversed(outer), reversed(extents), strict=True):
            self.close(u, extent, "serial", [])
        if partial is not None:
            self.lane = _Lane(sym.var("lane", sym.integer(width)), Const(width, I32), width)
            self._across(op, partial, acc)
            self.lane = None
        return acc

    def _fold_lane(self, x: Sym) -> Sym | None:
        """The reduction loop to run in lanes: every load follows it or ignores it, and one follows."""
        op, body = sym.fold_op(x), x.args[0]
        if body.op == "sel" and (sym.is_identity(op, body.args[2]) or body.args[2].op == "undef"):
            return None
        for v in reversed(sym.fold_vars(x)):
            follows = _follows(body, v) and self._long(v)
            if follows and sym.collect(body, lambda n: n.op == "ld" and consecutive(n, v)):  # noqa: B023
                return v
        return None

    # ------------------------------------------------------------ vectors

    def vector(self, x: Sym) -> Vector:
        """x, which depends on the lane, as a vector; computed at the outermost loop that allows it."""
        assert self.lane is not None
        for scope in self.scopes:
            got = scope.held.get(x)
            if isinstance(got, Vector):
                return got
        if self.within > DEEPEST:
            raise Unsummarised("an expression is nested too deeply for vectors")
        level = max(self.level(x), self._floor())
        inner, self.scopes = self.scopes[level + 1:], self.scopes[: level + 1]
        self.within += 1
        try:
            out = self._vector(x)
        finally:
            self.within -= 1
        self.scopes[-1].held[x] = out
        self.scopes += inner
        return out

    def _floor(self) -> int:
        """Vectors of a chunk with a run-time count live inside that chunk's loop."""
        assert self.lane is not None
        if isinstance(self.lane.count, Const):
            return 0
        return next((n for n, s in enumerate(self.scopes)
                     if any(isinstance(t, Let) and t.var == self.lane.count for t in s.stmts)), 0)

    def _vector(self, x: Sym) -> Vector:
        assert self.lane is not None
        if x.op == "fold":
            small = self.inline(x)
            return self.vector(small) if small is not None else self._fold_vector(x)
        if x.op == "ld":
            return self._load(x)
        best = self._best(x)
        if best is not None:
            return self._call(best[0], best[1], Vector(x.dtype, stem=_stem(x)))
        return self._by_element(x)

    def _best(self, x: Sym) -> tuple[Offer, Binding] | None:
        """The offer that covers most of x; among equals the one that needs fewest broadcasts."""
        assert self.lane is not None
        found: list[tuple[tuple[int, int], Offer, Binding]] = []
        for offer in self.unit.offers:
            if offer.lane is None or (offer.width and offer.width != self.lane.width):
                continue
            if offer.result is False and is_memory(offer.param(offer.out)) and self.unit.width:
                continue  # stores its result: used by _write_back
            bound = match(offer, x, self.lane.var)
            if bound is None or unbound(offer, bound):
                continue
            if any(e is x and not is_memory(offer.param(n)) for n, e in bound.items()):
                continue  # it computes x from x
            spread = sum(
                1 for n, e in bound.items()
                if isinstance(offer.param(n), Buffer) and self.lane.var not in e.free)
            found.append(((-covered(offer), spread), offer, bound))
        if not found:
            return None
        _, offer, bound = min(found, key=lambda f: f[0])
        return offer, bound

    def _call(self, offer: Offer, bound: Binding, out: Vector) -> Vector:
        """Emit the call; operands first."""
        args: list[Expr] = []
        operands: dict[str, Expr] = {}
        for name, e in bound.items():
            param = offer.param(name)
            if isinstance(param, Var):
                operands[name] = converted(self.expr(e), param.dtype)
            elif is_memory(param) and self.unit.width:
                operands[name] = Addr(str(e.data), self.plain_index(e.args[0]), e.dtype)
            else:
                operands[name] = self._operand(e, param)
        place = offer.param(offer.out)
        assert isinstance(place, Buffer)
        target = self._target(out, place)
        for p in offer.meaning.params:
            if p.name == offer.count:
                assert self.lane is not None
                args.append(converted(self.lane.count, p.dtype))
            elif p.name == offer.out and not offer.result:
                args.append(target)
            else:
                args.append(operands[p.name])
        result = target if offer.result else None
        self.scopes[-1].stmts.append(
            Intrinsic(offer.meaning.name, tuple(args), result, offer.meaning.key))
        return out

    def _operand(self, e: Sym, param: Buffer) -> Addr:
        assert self.lane is not None
        v = self.vector(e) if self.lane.var in e.free else self._broadcast(e)
        if self.unit.width and not is_memory(param):
            return Addr(self._register(v), _ZERO, v.dtype)
        return Addr(self._memory(v), _ZERO, v.dtype)

    def _target(self, v: Vector, param: Buffer) -> Addr:
        """Where a call leaves its result."""
        if self.unit.width and not is_memory(param):
            if not v.register:
                v.register = self._allocate(v.dtype, param.ctype, v.stem)
            v.memory = "" if v.memory and v.register else v.memory
            return Addr(v.register, _ZERO, v.dtype)
        if not v.memory:
            v.memory = self._allocate(v.dtype, "", v.stem)
        return Addr(v.memory, _ZERO, v.dtype)

    def _allocate(self, dtype: DType, ctype: str, stem: str) -> str:
        assert self.lane is not None
        name = self.names(f"{stem}_{self.unit.space or 'v'}")
        space = "local" if self.unit.width else self.unit.space
        self.scopes[-1].stmts.append(
            Alloc(Buffer(name, dtype, Const(self.lane.width, I32), space, ctype)))
        return name

    # ------------------------------------------------------------ between registers and memory

    def _register(self, v: Vector) -> str:
        if v.register:
            return v.register
        source = sym.load(v.memory, self._lane_var(), v.dtype)
        best = self._best(source)
        if best is None:
            raise Unsummarised("no instruction loads a register")
        copy = self._call(best[0], best[1], Vector(v.dtype, stem=v.stem))
        return copy.register

    def _memory(self, v: Vector) -> str:
        if v.memory:
            return v.memory
        name = self._allocate(v.dtype, "", f"{v.stem}_lanes")
        self._write_back(v, name, _ZERO, v.dtype)
        return name

    def _lane_var(self) -> Sym:
        assert self.lane is not None
        return self.lane.var

    def _write_back(self, v: Vector, buffer: str, base: Expr, dtype: DType) -> None:
        """Vector to consecutive elements of memory."""
        assert self.lane is not None
        if not self.unit.width:
            self._transfer(buffer, base, v.memory, _ZERO, dtype, (self.unit.space, "global"))
            return
        if not v.register:
            i = Var(self.names("l"), I32)
            body = Store(buffer, _plus(base, i), Load(v.memory, i, dtype))
            self.scopes[-1].stmts.append(For(i, _ZERO, Const(self.lane.width, I32), _ONE, (body,)))
            return
        for offer in self.unit.offers:
            if offer.lane is None or offer.width != self.lane.width or offer.result:
                continue
            if not is_memory(offer.param(offer.out)) or offer.value.op != "ld" or offer.dtype is not dtype:
                continue
            source = str(offer.value.data)
            if is_memory(offer.param(source)) or unbound(offer, {source: ZERO}):
                continue
            args = tuple(
                Addr(buffer, base, dtype) if p.name == offer.out else Addr(v.register, _ZERO, dtype)
                for p in offer.meaning.params)
            self.scopes[-1].stmts.append(Intrinsic(offer.meaning.name, args, None, offer.meaning.key))
            return
        raise Unsummarised("no instruction stores a register")

    def _transfer(
        self, to: str, at: Expr, source: str, start: Expr, dtype: DType, spaces: tuple[str, str]
    ) -> None:
        """One bulk copy of the lanes between two memory spaces."""
        assert self.lane is not None
        size = Const(dtype.bytes, I32)
        count = self.lane.count
        amount = (Const(int(count.value) * dtype.bytes, I32) if isinstance(count, Const)
                  else Binary("*", count, size, I32))
        direction = Var(self.unit.direction(*spaces), I32)
        self.scopes[-1].stmts.append(Intrinsic(
            self.unit.copy, (Addr(to, at, dtype), Addr(source, start, dtype), amount, direction)))

    def _load(self, x: Sym) -> Vector:
        assert self.lane is not None
        if not consecutive(x, self.lane.var):
            return self._by_element(x)
        if self.unit.width:
            best = self._best(x)
            return self._call(best[0], best[1], Vector(x.dtype, stem=_stem(x))) if best else self._by_element(x)
        out = Vector(x.dtype, stem=_stem(x))
        out.memory = self._allocate(x.dtype, "", out.stem)
        base = self.plain_index(x.args[0])
        self._transfer(out.memory, _ZERO, str(x.data), base, x.dtype, ("global", self.unit.space))
        return out

    def _broadcast(self, e: Sym) -> Vector:
        """A scalar in every lane, at the outermost loop that knows it; not to be overwritten."""
        assert self.lane is not None
        key = ("broadcast", e, self.lane.var)
        for scope in self.scopes:
            got = scope.held.get(key)
            if isinstance(got, Vector):
                return got
        level = max(self.level(e), self._floor())
        inner, self.scopes = self.scopes[level + 1:], self.scopes[: level + 1]
        out = self._filled(e)
        self.scopes[-1].held[key] = out
        self.scopes += inner
        return out

    def _filled(self, e: Sym, stem: str = "") -> Vector:
        """A new vector with a scalar in every lane."""
        assert self.lane is not None
        scalar = self.expr(e)
        out = Vector(e.dtype, stem=stem or (scalar.name if isinstance(scalar, Var) else "all"))
        for offer in self.unit.offers:
            if offer.lane is None or (offer.width and offer.width != self.lane.width):
                continue
            if offer.value.op != "var" or offer.dtype is not e.dtype or offer.value is offer.lane:
                continue
            if self.unit.width and not offer.result:
                continue
            name = sym.name_of(offer.value)
            if unbound(offer, {name: e}):
                continue
            return self._call(offer, {name: e}, out)
        out.memory = self._allocate(e.dtype, "", out.stem)
        self._element_loop(out.memory, lambda _: scalar)
        return out

    def _by_element(self, x: Sym) -> Vector:
        """One scalar operation per lane, its vector operands through memory."""
        assert self.lane is not None
        out = Vector(x.dtype, stem=_stem(x))
        lane = self.lane.var
        operands: dict[Sym, str] = {}
        if x.op != "ld":
            for a in x.args:
                if lane in a.free and a.dtype.is_float:
                    operands[a] = self._memory(self.vector(a))
        i = Var(self.names("l"), I32)
        held = {a: Load(name, i, a.dtype) for a, name in operands.items()}
        scope = self.scopes[-1]
        before = dict(scope.named)
        outer = self.vars.get(lane)
        self.vars[lane] = i
        scope.named.update(held)
        inner, self.lane = self.lane, None
        value = self.plain(x)
        self.lane = inner
        if outer is None:
            del self.vars[lane]
        else:
            self.vars[lane] = outer
        scope.named = {k: e for k, e in scope.named.items() if k not in held} | {
            k: e for k, e in before.items() if k in held}
        out.memory = self._allocate(x.dtype, "", out.stem)
        body = Store(out.memory, i, converted(value, x.dtype))
        self.scopes[-1].stmts.append(For(i, _ZERO, self.lane.count, _ONE, (body,)))
        return out

    def _element_loop(self, name: str, value: Callable[[Var], Expr]) -> None:
        assert self.lane is not None
        i = Var(self.names("l"), I32)
        self.scopes[-1].stmts.append(
            For(i, _ZERO, self.lane.count, _ONE, (Store(name, i, value(i)),)))

    # ------------------------------------------------------------ reductions of vectors

    def _identity(self, op: str, dtype: DType, width: int) -> Vector:
        """An accumulator with the operation's identity in every lane."""
        lane, self.lane = self.lane, _Lane(sym.var("lane", sym.integer(width)), Const(width, I32), width)
        out = self._filled(sym.identity_of(op, dtype))
        self.lane = lane
        return out

    def _fold_vector(self, x: Sym) -> Vector:
        """A reduction per lane: an accumulator vector, the reduction loops around it."""
        op, init = sym.fold_op(x), x.args[1]
        assert self.lane is not None
        acc = self._vector(init) if self.lane.var in init.free else self._filled(init, "acc")
        fresh = {u: sym.fresh("k", sym.extent_of(u)) for u in sym.fold_vars(x)}
        body = sym.substitute(x.args[0], fresh)
        guard = None
        if body.op == "sel" and (sym.is_identity(op, body.args[2]) or body.args[2].op == "undef"):
            guard, body = body.args[0], body.args[1]
            if self.lane.var in guard.free:
                raise Unsummarised("a condition that differs between lanes")
        extents = []
        for u in fresh.values():
            extents.append(self.expr(sym.extent_of(u)))
            self.open(u)
        if guard is not None:
            self.scopes.append(Scope(None))
        self._accumulate(op, acc, body)
        if guard is not None:
            stmts = self.scopes.pop().stmts
            self.scopes[-1].stmts.append(If(self.expr(guard), tuple(stmts)))
        for u, extent in zip(reversed(list(fresh.values())), reversed(extents), strict=True):
            self.close(u, extent, "serial", [])
        return acc

    def _accumulate(self, op: str, acc: Vector, term: Sym) -> None:
        """acc = acc op term, lane by lane."""
        assert self.lane is not None
        old = sym.load(f"~acc{id(acc)}", self.lane.var, acc.dtype)
        if self.lane.var not in term.free:
            self.scopes[-1].held[term] = self._broadcast(term)
        self.scopes[-1].held[old] = acc
        whole = sym.combine(op, old, term, acc.dtype)
        best = self._best(whole)
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
            back = self._best(sym.load(a, self.lane.var, acc.dtype))
            if back is None:
                raise Unsummarised("no instruction loads a register")
            self._call(back[0], back[1], acc)

    def _across(self, op: str, v: Vector, acc: Var) -> None:
        """acc = acc op (all lanes of v)."""
        assert self.lane is not None
        for offer in self.unit.offers:
            if offer.lane is not None or offer.value.op != "fold" or offer.dtype is not acc.dtype:
                continue
            if not self.unit.width or offer.width != self.lane.width or sym.fold_op(offer.value) != op:
                continue
            body, init = offer.value.args
            if body.op != "ld" or not sym.is_identity(op, init) and init.op != "ld":
                continue
            name = str(body.data)
            if unbound(offer, {name: ZERO}):
                continue
            part = Var(self.names("part"), acc.dtype)
            register = self._register(v)
            self.scopes[-1].stmts.append(Let(part, None))
            self.scopes[-1].stmts.append(Intrinsic(
                offer.meaning.name, (Addr(register, _ZERO, v.dtype),), part, offer.meaning.key))
            self.scopes[-1].stmts.append(Assign(acc, combined(op, acc, part)))
            return
        memory, count = self._halved(op, v)
        i = Var(self.names("l"), I32)
        step = Assign(acc, combined(op, acc, Load(memory, i, acc.dtype)))
        self.scopes[-1].stmts.append(For(i, _ZERO, count, _ONE, (step,)))

    def _halved(self, op: str, v: Vector) -> tuple[str, Expr]:
        """Fold the upper half of v onto the lower one while the instruction set can; what is left, and how much."""
        assert self.lane is not None
        memory, count = self._memory(v), self.lane.count
        if self.unit.width or not isinstance(count, Const):
            return memory, count
        width, own = int(count.value), False
        lane = sym.var("lane", sym.integer(width))
        pair = sym.combine(op, sym.load("~a", lane, v.dtype), sym.load("~b", lane, v.dtype), v.dtype)
        best = self._best(pair)
        while best is not None and width % 2 == 0 and width > FEW:
            offer, bound = best
            width //= 2
            to = memory if own else self.names(f"{v.stem}_halves")
            if not own:
                self.scopes[-1].stmts.append(
                    Alloc(Buffer(to, v.dtype, Const(width, I32), self.unit.space)))
            halves = {"~a": Addr(memory, _ZERO, v.dtype), "~b": Addr(memory, Const(width, I32), v.dtype)}
            args: list[Expr] = []
            for p in offer.meaning.params:
                if p.name == offer.count:
                    args.append(Const(width, p.dtype))
                elif p.name == offer.out:
                    args.append(Addr(to, _ZERO, v.dtype))
                else:
                    args.append(halves[str(bound[p.name].data)])
            self.scopes[-1].stmts.append(Intrinsic(offer.meaning.name, tuple(args), None, offer.meaning.key))
            memory, own = to, True
        return memory, Const(width, I32)


# ---------------------------------------------------------------- small questions


def _stem(x: Sym) -> str:
    """A word for a value: the array it was loaded from, or what was done last."""
    if x.op in ("ld", "call"):
        return str(x.data).lstrip("~")
    words = {"+": "sum", "-": "difference", "*": "product", "/": "quotient"}
    return words.get(str(x.data), "t") if x.op == "bin" else "sum" if x.op == "fold" else "t"


def _follows(x: Sym, v: Sym) -> bool:
    """Every load of x ignores v or reads consecutive elements as v advances, and v is used in no other way."""
    for n in sym.collect(x, lambda n: v in n.free and (n.op in ("ld", "lt", "eq", "cast", "sel"))):
        if n.op == "ld" and not consecutive(n, v):
            return False
        if n.op in ("lt", "eq"):
            return False
    return True


def _plus(a: Expr, b: Expr) -> Expr:
    return b if a == _ZERO else Binary("+", a, b, I32)
