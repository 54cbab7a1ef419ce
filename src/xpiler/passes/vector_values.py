"""Vector values: a value of a nest in three-address form over temporaries in the target's vector space.

Every operation is unified with the bodies of the target's intrinsics (facts.offers); one that nothing matches stays a
scalar loop over the temporaries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xpiler.facts import sym
from xpiler.facts.offers import Binding, Offer, consecutive, covered, is_memory, masked, match, unbound
from xpiler.facts.sym import ZERO, Sym
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Addr, Alloc, Binary, Buffer, Const, Expr, For, Intrinsic, Let, Load, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh
from xpiler.passes.nest import Nest, converted

I32 = DType.I32
_ZERO, _ONE = Const(0, I32), Const(1, I32)
DEEPEST = 100  # operands of operands


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


class VectorNest(Nest):
    """A nest builder that can write a value that differs between lanes as a vector."""

    def __init__(self, names: Fresh, unit: VectorUnit, chunk: int) -> None:
        super().__init__(names)
        self.unit, self.chunk = unit, chunk
        self.vectors = 0  # loops that run in lanes so far
        self.lane: Lane | None = None
        self.within = 0  # how many vectors are being made, each an operand of the one before
        self.shared: set[Sym] = set()  # scalars that get a name
        self.near: set[object] = set()  # arrays of our own in the vector space

    def plain_index(self, index: Sym) -> Expr:
        """The index of lane 0."""
        assert self.lane is not None
        return self.expr(sym.substitute(index, {self.lane.var: ZERO}))

    # ------------------------------------------------------------ scalars that lanes have in common

    def expr(self, x: Sym) -> Expr:
        if x in self.shared and not any(x in s.named for s in self.scopes):
            return self.place(x)
        return super().expr(x)

    def share(self, x: Sym) -> None:
        """Scalars that x needs more than once, whatever its conditions say, are computed once."""
        lane = self.lane.var if self.lane is not None else None
        uses: dict[Sym, int] = {}
        seen: set[Sym] = set()
        always: set[Sym] = set()
        stack = [(x, True)]
        while stack:
            n, needed = stack.pop()
            if n in seen and (not needed or n in always):
                continue
            fresh = n not in seen
            seen.add(n)
            if needed:
                always.add(n)
            for k, a in enumerate(() if n.op == "fold" else n.args):
                if fresh:
                    uses[a] = uses.get(a, 0) + 1
                stack.append((a, needed and (k == 0 or n.op not in ("sel", "and", "or"))))
        self.shared |= {
            n for n in always if uses.get(n, 0) > 1 and n.op in ("bin", "call", "cast", "un", "ld")
            and "ld" in n.has and "fold" not in n.has and lane not in n.free}

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
            return self._call(best[0], best[1], Vector(x.dtype, stem=stem_of(x)))
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
            if self.lane.live is not None and not self._spares(offer, bound):
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

    def _spares(self, offer: Offer, bound: Binding) -> bool:
        """Whether it reads no memory in lanes without an iteration."""
        assert self.lane is not None
        return self.lane.runs in bound.values() or not any(is_memory(offer.param(n)) for n in bound)

    def _call(self, offer: Offer, bound: Binding, out: Vector) -> Vector:
        """Emit the call; operands first."""
        args: list[Expr] = []
        operands: dict[str, Expr] = {}
        if offer.out in bound:
            self._beforehand(bound[offer.out], out)
        for name, e in bound.items():
            param = offer.param(name)
            if name == offer.out:
                continue
            if isinstance(param, Var) and e.dtype is DType.BOOL:
                operands[name] = self._mask(e, param.dtype)
            elif isinstance(param, Var):
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

    def _beforehand(self, e: Sym, out: Vector) -> None:
        """What an instruction that leaves some elements as they are finds in its destination."""
        assert self.lane is not None
        if self.lane.var not in e.free:
            self._filled(e, "", out)
            return
        v = self.vector(e)
        out.memory = out.memory or self._allocate(out.dtype, "", out.stem)
        self._copied(v, out)

    def _mask(self, cond: Sym, dtype: DType) -> Expr:
        raise NotImplementedError

    def _operand(self, e: Sym, param: Buffer) -> Addr:
        assert self.lane is not None
        v = self.vector(e) if self.lane.var in e.free else self._broadcast(e)
        if self.unit.width and not is_memory(param):
            return Addr(self._register(v), _ZERO, v.dtype)
        if v.memory and not self.unit.width:
            return Addr(v.memory, v.at, v.dtype)
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
        best = self._from_memory(v.memory, v.dtype)
        if best is None:
            raise Unsummarised("no instruction loads a register")
        copy = self._call(best[0], best[1], Vector(v.dtype, stem=v.stem))
        return copy.register

    def _from_memory(self, name: str, dtype: DType) -> tuple[Offer, Binding] | None:
        """What loads a register's worth of an array of our own."""
        assert self.lane is not None
        live, self.lane.live = self.lane.live, None
        best = self._best(sym.load(name, self.lane.var, dtype))
        self.lane.live = live
        return best

    def _memory(self, v: Vector) -> str:
        if v.memory and v.at == _ZERO:
            return v.memory
        if v.memory:
            whole = Vector(v.dtype, stem=v.stem)
            whole.memory = self._allocate(v.dtype, "", v.stem)
            self._transfer(whole.memory, _ZERO, v.memory, v.at, v.dtype, (self.unit.space, self.unit.space))
            v.memory, v.at = whole.memory, _ZERO
            return v.memory
        name = self._allocate(v.dtype, "", f"{v.stem}_lanes")
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
            self._transfer(buffer, base, v.memory, v.at, dtype, (self.unit.space, "global"))
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
                Addr(buffer, base, dtype) if p.name == offer.out else Addr(v.register, _ZERO, dtype)
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
            best = self._best(self.lane.where_it_runs(x, sym.number(0.0, x.dtype)))
            return self._call(best[0], best[1], Vector(x.dtype, stem=stem_of(x))) if best else self._by_element(x)
        base = self.plain_index(x.args[0])
        if x.data in self.near:
            return Vector(x.dtype, "", str(x.data), stem_of(x), base)
        out = Vector(x.dtype, stem=stem_of(x))
        out.memory = self._allocate(x.dtype, "", out.stem)
        self._transfer(out.memory, _ZERO, str(x.data), base, x.dtype, ("global", self.unit.space))
        return out

    def _broadcast(self, e: Sym) -> Vector:
        """A scalar in every lane, at the outermost loop that knows it; not to be overwritten."""
        assert self.lane is not None
        key = ("broadcast", e, self.unit.width or self.lane.var)
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

    def _filled(self, e: Sym, stem: str = "", out: Vector | None = None) -> Vector:
        """A vector, a new one unless it is given, with a scalar in every lane."""
        assert self.lane is not None
        scalar = self.expr(e)
        out = out or Vector(e.dtype, stem=stem or (scalar.name if isinstance(scalar, Var) else "all"))
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
        if out.register:
            raise Unsummarised("no instruction fills a register")
        out.memory = out.memory or self._allocate(e.dtype, "", out.stem)
        self._element_loop(out.memory, lambda _: scalar)
        return out

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

    def _by_element(self, x: Sym) -> Vector:
        """One scalar operation per lane, its vector operands through memory."""
        assert self.lane is not None
        out = Vector(x.dtype, stem=stem_of(x))
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

    def _fold_vector(self, x: Sym) -> Vector:
        raise NotImplementedError


# ---------------------------------------------------------------- small questions


def stem_of(x: Sym) -> str:
    """A word for a value: the array it was loaded from, or what was done last."""
    if x.op in ("ld", "call"):
        return str(x.data).lstrip("~")
    words = {"+": "sum", "-": "difference", "*": "product", "/": "quotient"}
    return words.get(str(x.data), "t") if x.op == "bin" else "sum" if x.op == "fold" else "t"


def _plus(a: Expr, b: Expr) -> Expr:
    return b if a == _ZERO else Binary("+", a, b, I32)


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
