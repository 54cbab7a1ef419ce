"""Vectors in registers and in memory: where a value of several lanes is, and how it gets from one place to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.offers import Binding, Offer, is_memory, masked, unbound
from xpiler.facts.sym import ZERO, Sym
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Addr, Alloc, Binary, Buffer, Cast, Const, Expr, For, Intrinsic, Load, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.nests.nest import Nest

I32 = DType.I32
_ZERO, _ONE = Const(0, I32), Const(1, I32)


@dataclass(frozen=True)
class VectorUnit:
    """How a target computes on vectors.

    `width` is the number of 32-bit lanes of a register, or 0 when instructions take a count and operate on the memory
    space `space`; `transfers` names the copy direction between two spaces, `copy` the intrinsic that takes it.
    `room` is how many bytes of `space` temporaries may take, `result_bytes` how many an instruction with one result may
    set there. `tasks` is how many tasks share the outermost loop (0: leave it parallel)."""

    offers: tuple[Offer, ...]
    width: int = 0
    space: str = ""
    copy: str = ""
    transfers: tuple[tuple[tuple[str, str], str], ...] = ()
    room: int = 0
    result_bytes: int = 0

    def direction(self, source: str, to: str) -> str:
        return dict(self.transfers)[(source, to)]


@dataclass
class Vector:
    """A vector value: the names of its register and of its copy in memory, as far as they exist."""

    dtype: DType
    register: str = ""
    memory: str = ""
    stem: str = "t"  # what names made for it start with
    at: Expr = _ZERO  # where in its memory, if that is part of an array


@dataclass
class Lane:
    """The loop being executed by lanes: its canonical variable and the number of lanes now. `live` are the lanes that
    have an iteration where a register has more."""

    var: Sym
    count: Expr
    width: int
    live: Sym | None = None

    @property
    def runs(self) -> Sym:
        """Whether a lane has an iteration."""
        return sym.TRUE if self.live is None else sym.compare("<", self.var, self.live)

    def where_it_runs(self, x: Sym, other: Sym) -> Sym:
        """x in the lanes that have an iteration."""
        return x if self.live is None else sym.make("sel", (self.runs, x, other), None, x.dtype)


class MemoryNest(Nest):
    """A nest builder that knows where vectors are."""

    def __init__(self, names: Fresh, unit: VectorUnit, chunk: int) -> None:
        super().__init__(names)
        self.unit, self.chunk = unit, chunk
        self.vectors = 0  # loops that run in lanes so far
        self.lane: Lane | None = None
        self.within = 0  # how many vectors are being made, each an operand of the one before
        self.unnamed = 0  # vectors that stand for elements of arrays that are not there
        self.asked: set[Sym] = set()  # conversions of which is being asked whether there are any
        self.shared: set[Sym] = set()  # scalars that get a name
        self.near: set[object] = set()  # arrays of our own in the vector space

    def plain_index(self, index: Sym) -> Expr:
        """The index of lane 0."""
        assert self.lane is not None
        return self.expr(sym.substitute(index, {self.lane.var: ZERO}))

    def _target(self, v: Vector, param: Buffer) -> Addr:
        """Where a call leaves its result."""
        if self.unit.width and not is_memory(param):
            v.register = v.register or self._declared(param, v.stem)
            v.memory = "" if v.memory and v.register else v.memory
            return Addr(v.register, _ZERO, param.dtype)
        if not v.memory:
            v.memory = self._allocate(v.dtype, v.stem)
        return Addr(v.memory, _ZERO, v.dtype)

    def _allocate(self, dtype: DType, stem: str) -> str:
        """An array with room for every lane."""
        assert self.lane is not None
        name = self.names(f"{stem}_{self.unit.space or 'v'}")
        space = "local" if self.unit.width else self.unit.space
        self.scopes[-1].stmts.append(Alloc(Buffer(name, dtype, Const(self.lane.width, I32), space)))
        return name

    def _declared(self, place: Buffer, stem: str) -> str:
        """A register like this one."""
        name = self.names(f"{stem}_v")
        self.scopes[-1].stmts.append(Alloc(Buffer(name, place.dtype, place.extent, "local", place.ctype)))
        return name

    def _register(self, v: Vector) -> str:
        if v.register:
            return v.register
        best = self._from_memory(v.memory, v.dtype)
        if best is None:
            raise Unsummarised("no instruction loads a register")
        copy = self._call(best[0], best[1], Vector(v.dtype, stem=v.stem))
        return copy.register

    def _from_memory(self, name: str, dtype: DType) -> tuple[Offer, Binding] | None:
        """What loads a register's worth of an array of our own, of which lanes without an iteration may not be set."""
        assert self.lane is not None
        x = sym.load(name, self.lane.var, dtype)
        best = self._best(self.lane.where_it_runs(x, sym.number(0.0, dtype)))
        if best is None and self.lane.live is not None:
            live, self.lane.live = self.lane.live, None
            best = self._best(x)
            self.lane.live = live
        return best

    def _memory(self, v: Vector) -> str:
        if v.memory and v.at == _ZERO:
            return v.memory
        if v.memory:
            whole = Vector(v.dtype, stem=v.stem)
            whole.memory = self._allocate(v.dtype, v.stem)
            self._transfer(whole.memory, _ZERO, v.memory, v.at, v.dtype, (self.unit.space, self.unit.space))
            v.memory, v.at = whole.memory, _ZERO
            return v.memory
        name = self._allocate(v.dtype, f"{v.stem}_lanes")
        assert self.lane is not None
        live, self.lane.live = self.lane.live, None
        self._write_back(v, name, _ZERO, v.dtype)
        self.lane.live = live
        return name

    def _lane_var(self) -> Sym:
        assert self.lane is not None
        return self.lane.var

    def _write_back(self, v: Vector, buffer: str, base: Expr, dtype: DType) -> None:
        """Vector to consecutive elements of memory."""
        assert self.lane is not None
        if not self.unit.width:
            source, start = v.memory, v.at
            if v.dtype.bits != dtype.bits:  # numbers that fit: a copy would take them byte by byte
                source, start = self._allocate(dtype, v.stem), _ZERO
                self._element_loop(source, lambda i: Cast(Load(v.memory, _plus(v.at, i), v.dtype), dtype))
            self._transfer(buffer, base, source, start, dtype, (self.unit.space, "global"))
            return
        if not v.register:
            i = Var(self.names("l"), I32)
            body = Store(buffer, _plus(base, i), Load(v.memory, i, dtype))
            self.scopes[-1].stmts.append(For(i, _ZERO, self.lane.count, _ONE, (body,)))
            return
        if self.lane.live is not None:
            self._write_live(v, buffer, base, dtype)
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
                Addr(buffer, base, dtype) if p.name == offer.out else Addr(v.register, _ZERO, p.dtype)
                for p in offer.meaning.params)
            self.scopes[-1].stmts.append(Intrinsic(offer.meaning.name, args, None, offer.meaning.key))
            return
        raise Unsummarised("no instruction stores a register")

    def _write_live(self, v: Vector, buffer: str, base: Expr, dtype: DType) -> None:
        """The lanes that have an iteration to memory."""
        assert self.lane is not None
        offer = next((o for o in self.unit.offers if _stores_some(o) and o.width == self.lane.width
                      and o.dtype is dtype), None)
        if offer is None:
            raise Unsummarised("no instruction stores some lanes of a register")
        mask, source = masked(offer.value.args[0], offer.lane), str(offer.value.args[1].data)
        held: dict[str, Expr] = {offer.out: Addr(buffer, base, dtype), source: Addr(v.register, _ZERO, dtype)}
        args = [held[p.name] if p.name != mask else self._mask(self.lane.runs, p.dtype) for p in offer.meaning.params]
        self.scopes[-1].stmts.append(Intrinsic(offer.meaning.name, tuple(args), None, offer.meaning.key))

    def _transfer(
        self, to: str, at: Expr, source: str, start: Expr, dtype: DType, spaces: tuple[str, str]
    ) -> None:
        """One bulk copy of the lanes between two memory spaces."""
        assert self.lane is not None
        amount = _bytes(self.lane.count, dtype)
        direction = Var(self.unit.direction(*spaces), I32)
        self.scopes[-1].stmts.append(Intrinsic(
            self.unit.copy, (Addr(to, at, dtype), Addr(source, start, dtype), amount, direction)))

    def _collected(self, to: str, source: str, start: Expr, step: Expr, dtype: DType) -> None:
        """One copy, from far memory, of elements that are `step` of them apart."""
        assert self.lane is not None
        size, count = Const(dtype.bytes, I32), self.lane.count
        far = _bytes(step, dtype)
        left = Const(int(count.value) - 1, I32) if isinstance(count, Const) else Binary("-", count, _ONE, I32)
        direction = Var(self.unit.direction("global", self.unit.space), I32)
        self.scopes[-1].stmts.append(Intrinsic(
            self.unit.copy, (Addr(to, _ZERO, dtype), Addr(source, start, dtype), size, direction, size, far, left)))

    def _copied(self, v: Vector, out: Vector) -> None:
        """The elements of one vector into the place of another."""
        assert self.lane is not None
        source = self._memory(v)
        within = (self.unit.space, self.unit.space)
        if out.register:
            best = self._from_memory(source, v.dtype)
            if best is None:
                raise Unsummarised("no instruction loads a register")
            self._call(best[0], best[1], out)
        elif within in dict(self.unit.transfers):
            self._transfer(out.memory, _ZERO, source, _ZERO, v.dtype, within)
        else:
            self._element_loop(out.memory, lambda i: Load(source, i, v.dtype))

    def _element_loop(self, name: str, value: Callable[[Var], Expr]) -> None:
        assert self.lane is not None
        i = Var(self.names("l"), I32)
        self.scopes[-1].stmts.append(
            For(i, _ZERO, self.lane.count, _ONE, (Store(name, i, value(i)),)))

    def _best(
        self, x: Sym, changed: Sym | None = None, among: Sequence[Offer] | None = None
    ) -> tuple[Offer, Binding] | None:
        raise NotImplementedError

    def _call(self, offer: Offer, bound: Binding, out: Vector) -> Vector:
        raise NotImplementedError

    def _mask(self, cond: Sym, dtype: DType) -> Expr:
        raise NotImplementedError


def _stores_some(offer: Offer) -> bool:
    """It stores those lanes of a register that a mask has, and nothing else."""
    v, mask = offer.value, masked(offer.value.args[0], offer.lane) if offer.value.op == "sel" else ""
    if offer.result or not mask or not all(a.op == "ld" for a in v.args[1:]) or v.args[2].data != offer.out:
        return False
    source = str(v.args[1].data)
    known = {p.name for p in offer.meaning.params} == {offer.out, mask, source}
    return known and is_memory(offer.param(offer.out)) and not is_memory(offer.param(source))


def spares_memory(unit: VectorUnit, dtype: DType) -> bool:
    """Whether a target with registers loads and stores some lanes of one."""
    return any(_stores_some(o) and o.dtype is dtype for o in unit.offers)


def _bytes(count: Expr, dtype: DType) -> Expr:
    if isinstance(count, Const):
        return Const(int(count.value) * dtype.bytes, I32)
    return count if dtype.bytes == 1 else Binary("*", count, Const(dtype.bytes, I32), I32)


def _plus(a: Expr, b: Expr) -> Expr:
    return b if a == _ZERO else Binary("+", a, b, I32)
