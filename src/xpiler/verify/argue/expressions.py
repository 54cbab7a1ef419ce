"""What the expressions of a kernel come to, as a walk meets them: sums, conditions, accesses of memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xpiler.fault import NOWHERE, Span
from xpiler.ir.nodes import Addr, Binary, Call, Cast, Const, Expr, Load, Program, Select, Unary, Var
from xpiler.ir.types import DType
from xpiler.platforms.platform import Platform
from xpiler.verify.evaluate import Number
from xpiler.verify.argue.flights import Flights
from xpiler.verify.argue.filled import Filled, Filling, Key
from xpiler.verify.argue.masks import bit
from xpiler.verify.argue.symbolic import combined, compared, limits, wrapped
from xpiler.verify.argue.terms import (
    FALSE, GRID, ONE, THREAD, TRUE, ZERO, Atom, Cond, Poly, Terms, all_atoms, below, both, either, equal,
    negate, number,
)
from xpiler.verify.argue.touched import (
    BRANCH, FACT, READ, WRITE, Access, Axes, Entry, Float, Found, Interval, Memory, Overflow, Step, Value,
    level_of_axis,
)

def _shift(e: Expr) -> Binary | None:
    """`m >> i`, whatever it is converted to: its lowest bit stays."""
    while isinstance(e, Cast) and not e.dtype.is_float and e.dtype is not DType.BOOL:
        e = e.a
    return e if isinstance(e, Binary) and e.op == ">>" else None


_LEAVES = 24  # of a floating-point value that is followed


@dataclass(frozen=True)
class Place:
    """Where a buffer's name points: an array, and the element its own element 0 is."""

    memory: Memory
    offset: Poly


@dataclass
class Loop:
    """A loop being walked: what was on the interval where it was left."""

    left: list[Interval] = field(default_factory=list)
    counts: bool = False
    levels: list[int] = field(default_factory=list)  # of the conditions on which it is left


class Expressions:
    """The state of a walk, and how it evaluates. `shared`: the level that the threads we argue about have in common."""

    def __init__(
        self, program: Program, platform: Platform, terms: Terms, *, scopes: frozenset[str] = frozenset(),
        shared: int = GRID, let: Mapping[str, Number] | None = None,
        alone: bool | None = None,
    ) -> None:
        self.program, self.platform, self.terms = program, platform, terms
        self.scopes, self.shared, self.let = scopes, shared, let or {}
        self.meanings = {(m.name, m.key): m for m in program.meanings}
        self.spaces = {s.name: s.scope for s in platform.spaces}
        self.found = Found()
        self.flights = Flights(program, platform, alone)
        self.env: dict[str, Value] = {}
        self.places: dict[str, Place] = {}
        self.path: list[Step] = []
        self.current: list[Entry] = []
        self.loops: list[Loop] = []
        self.ranges: list[dict[str, tuple[int, int]]] = []  # of what each loop around us assigns
        self.inside: frozenset[int] = frozenset()
        self.hosting = True
        self.wandering = 0  # loops around us whose iterations threads are not in together
        self.turns: list[Poly] = []  # and their counters
        self.silent = 0
        self.ending = 0  # we are in the condition of a loop, which holds for the turn before
        self.span: Span = NOWHERE
        self.call = ""  # the late or one-lane instruction we are in
        self.late = ""
        self.one_lane = False
        self.kernel = ""
        self.axes: Axes = ()
        self.work = 0
        self.memories = 0
        self.shared_arrays: dict[str, Memory] = {}
        self.sizes: list[str] = []
        self.others: list[str] = []
        self.small: list[str] = []  # those of both whose types hold more than is looked at
        self.free: dict[str, Poly] = {}
        self.remembered: dict[tuple[object, ...], Value] = {}
        self.filling = Filling(terms)
        self.taken: Mapping[Key, Filled] = {}  # what arrays of the kernels' own are taken to hold
        self.shifts: dict[Atom, tuple[str, Poly, Poly]] = {}  # unknowns that stand for `a << b` or `a >> b`
        self.guesses: set[Key] = set()  # arrays whose integers were guessed

    # ------------------------------------------------------------ the path

    def given(self, c: Cond) -> None:
        if c != TRUE:
            self.path.append(Step(c, FACT))

    def branch(self, c: Cond, why: str = BRANCH) -> None:
        if c != TRUE:
            self.path.append(Step(c, why))

    def doubt(self, what: str) -> None:
        if not self.silent and (what, self.span) not in self.found.doubts:
            self.found.doubts.append((what, self.span))

    def unknown(self, name: str, dtype: DType, level: int | None = None, where: tuple[Cond, ...] = ()) -> Poly:
        """A value nobody followed."""
        low, high = limits(dtype)
        return self.terms.sym(name, low, high, self.own if level is None else level, abstract=True,
                              inside=self.inside, where=where)

    @property
    def own(self) -> int:
        """The level of what is made here."""
        return GRID if self.hosting else THREAD

    def counter(self, name: str, high: int, level: int) -> Poly:
        return self.terms.sym(name, 0, max(high, 0), level, inside=self.inside)

    @property
    def unknown_sizes(self) -> frozenset[Atom]:
        """The sizes that may be anything."""
        return frozenset(a for p in self.free.values() for a, _ in p.parts)

    def _guess(self, name: str, dtype: DType, level: int | None = None) -> Value:
        if dtype.is_float:
            return None
        if dtype is DType.BOOL:
            return self.terms.truth(name, self.own if level is None else level, self.inside)
        return self.unknown(name, dtype, level)

    def _at(self, a: Addr) -> Place:
        place = self.places[a.buffer]
        return Place(place.memory, place.offset + self.integer(a.index))

    def _private(self, memory: Memory) -> bool:
        return memory.scope in ("thread", "core")

    # ------------------------------------------------------------ accesses

    def touch(self, buffer: str, index: Poly, kind: str, value: Value = None) -> Place:
        place = self.places[buffer]
        at = place.offset + index
        a = Access(place.memory, at, kind, tuple(self.path), self.span, self.kernel, value, self.late, self.one_lane,
                   self.inside, self.axes)
        self.found.accesses.append(a)
        self.current.append(Entry(a))
        early = self.flights.touched(a)
        if not self.silent:
            self.found.early += early
        if kind == WRITE and not self.late:
            self.filling.store(place.memory, at, value, self._fixed)
        elif kind != READ:
            self.filling.lose(place.memory)
        if kind != READ:
            if at.known is not None and self._private(place.memory) and kind == WRITE:
                self.env[cell(place.memory, at.known)] = value
            else:
                self._clear(place.memory)
        return Place(place.memory, at)

    def _clear(self, memory: Memory) -> None:
        mark = cells(memory)
        for c in [c for c in self.env if c.startswith(mark)]:
            del self.env[c]

    def _loaded(self, e: Load) -> Value:
        at = self.touch(e.buffer, self.integer(e.index), READ)
        memory, index = at.memory, at.offset
        if index.known is not None and cell(memory, index.known) in self.env and self._private(memory):
            return self.env[cell(memory, index.known)]
        if memory.stable:
            if e.dtype.is_float:
                return Float(f"{memory.name}[{{}}]", (index,))
            key = ("load", memory, index)
            if key not in self.remembered:
                level = max(index.level, GRID)
                name = f"{memory.name}[...]"
                if memory.table is not None and e.dtype is not DType.BOOL:
                    low, high = memory.table
                    self.remembered[key] = self.terms.sym(
                        name, low, high, level, abstract=True, inside=self._inside_of_index(index))
                elif e.dtype is DType.BOOL:
                    self.remembered[key] = self.terms.truth(name, level, self._inside_of_index(index))
                else:
                    low, high = limits(e.dtype)
                    self.remembered[key] = self.terms.sym(
                        name, low, high, level, abstract=True, inside=self._inside_of_index(index))
            return self.remembered[key]
        alike = not self.wandering and index.level <= self.shared and not self._private(memory)
        common = self.shared if alike and not self.hosting else None
        filled = None if e.dtype.is_float else self._filled(memory, index, self.own if common is None else common)
        if filled is not None:
            return negate(equal(filled, ZERO)) if e.dtype is DType.BOOL else filled
        return self._guess(f"{memory.name}[...]", e.dtype, common)

    @property
    def _fixed(self) -> frozenset[Atom]:
        """What is the same for all threads that share an array of a group, and for as long as there is one."""
        groups = [index for kind, index, _ in self.axes if level_of_axis(kind) < THREAD]
        return self.unknown_sizes.union(*(frozenset(a for a, _ in p.parts) for p in groups))

    def _filled(self, memory: Memory, index: Poly, level: int) -> Poly | None:
        """What is loaded from an array of the kernel's own, where that was found out."""
        key = self.filling.key(memory)
        if key is None:
            return None
        taken = self.taken.get(key)
        if taken is None or taken.value is None:
            self.guesses.add(key)
        if taken is None:
            return None
        self.found.filled[memory.name] = None
        exact = self.filling.loaded(memory, index, taken)
        if exact is not None:
            return exact
        return self.terms.sym(f"{memory.name}[...]", taken.low, taken.high, level, abstract=True, inside=self.inside)

    def _inside_of_index(self, index: Poly) -> frozenset[int]:
        return frozenset[int]().union(*(a.inside for a, _ in index.parts))

    # ------------------------------------------------------------ expressions

    def integer(self, e: Expr) -> Poly:
        v = self.value(e)
        if isinstance(v, Poly):
            return v
        if isinstance(v, Cond):
            return self.terms.ite(v, ONE, ZERO)
        return self.unknown(f"a number of line {self.span.line}", e.dtype if not e.dtype.is_float else DType.I64)

    def cond(self, e: Expr) -> Cond:
        v = self.value(e)
        if isinstance(v, Cond):
            return v
        if isinstance(v, Poly):
            match v.parts:
                case ((Atom(kind="ite", args=(Cond() as c, p, q)), 1),) if (p, q) == (ONE, ZERO) and not v.constant:
                    return c
            return negate(equal(v, ZERO))
        return self._opaque(v)

    def _opaque(self, v: Float | None, op: str = "") -> Cond:
        """A condition on floating-point values; the same values give the same answer."""
        name = f"a condition of line {self.span.line}"
        if v is None:
            return self.terms.truth(name, self.own, self.inside)
        key = ("truth", op, v)
        if key not in self.remembered:
            inside = frozenset[int]().union(*(a.inside for p in v.leaves for a, _ in p.parts))
            self.remembered[key] = self.terms.truth(name, v.level, inside)
        found = self.remembered[key]
        assert isinstance(found, Cond), "a condition was remembered"
        return found

    def value(self, e: Expr) -> Value:
        match e:
            case Const(value, dtype):
                if dtype.is_float:
                    return Float(str(value))
                return (TRUE if value else FALSE) if dtype is DType.BOOL else number(int(value))
            case Var(name, dtype):
                return self._variable(name, dtype)
            case Load():
                return self._loaded(e)
            case Cast(a, dtype):
                return self.converted(self.value(a), dtype, a)
            case Select(cond, a, b, dtype):
                return self._select(self.cond(cond), a, b)
            case Binary("&&" | "||"):
                return self._logic(e)
            case Binary("&", a, Const(1)) if (shift := _shift(a)) is not None and (of := self._lane(shift)) is not None:
                return self.terms.ite(of, ONE, ZERO)
            case Binary(op, a, b, dtype):
                return self._binary(op, self.value(a), self.value(b), dtype, a.dtype)
            case Unary(op, a, dtype):
                return self._unary(op, self.value(a), dtype)
            case Call(name, args, dtype):
                return self._call(name, [self.value(a) for a in args], dtype)
        raise TypeError(f"not a value: {e!r}")

    def _variable(self, name: str, dtype: DType) -> Value:
        if name in self.places:  # of all iterations of a parallel loop
            self.touch(name, ZERO, READ)
        v = self.env.get(name)
        if v is None and not dtype.is_float:
            v = self._guess(name, dtype, None if name in self.env else self._level_of_constant(name))
            self.env[name] = v
        if isinstance(v, Poly) and dtype is DType.BOOL:
            return negate(equal(v, ZERO))
        return v

    def _level_of_constant(self, name: str) -> int | None:
        """The language's own constants are the same for everybody."""
        return GRID if name in self.platform.constants else None

    def converted(self, v: Value, dtype: DType, source: Expr | None = None) -> Value:
        if dtype.is_float:
            if isinstance(v, Poly):
                return Float(f"({dtype}){{}}", (v,))
            if isinstance(v, Cond):
                return Float(f"({dtype}){{}}", (self.terms.ite(v, ONE, ZERO),))
            return v if v is None else Float(f"({dtype}){v.shape}", v.leaves)
        if dtype is DType.BOOL:
            return v if isinstance(v, Cond) else negate(equal(v, ZERO)) if isinstance(v, Poly) else self._opaque(v)
        if isinstance(v, Cond):
            return self.terms.ite(v, ONE, ZERO)
        if isinstance(v, Poly):
            return wrapped(self.terms, v, dtype, converted=True)
        low, high = limits(dtype)
        level = self.own if v is None else v.level
        return self.terms.sym(f"a conversion at line {self.span.line}", low, high, level, abstract=True,
                              inside=self.inside)

    def _select(self, c: Cond, a: Expr, b: Expr) -> Value:
        if c in (TRUE, FALSE):
            return self.value(a if c == TRUE else b)
        depth = len(self.path)
        self.branch(c)
        x = self.value(a)
        del self.path[depth:]
        self.branch(negate(c))
        y = self.value(b)
        del self.path[depth:]
        if isinstance(x, Poly) and isinstance(y, Poly):
            return self.terms.ite(c, x, y)
        if isinstance(x, Cond) and isinstance(y, Cond):
            return either((both((c, x)), both((negate(c), y))))
        if isinstance(x, Float) and isinstance(y, Float):
            return joined("?", [Float("{}", (self.terms.ite(c, ONE, ZERO),)), x, y])
        return None

    def _logic(self, e: Binary) -> Value:
        a = self.cond(e.a)
        if a == (FALSE if e.op == "&&" else TRUE):
            return a
        depth = len(self.path)
        self.branch(a if e.op == "&&" else negate(a))
        b = self.cond(e.b)
        del self.path[depth:]
        return both((a, b)) if e.op == "&&" else either((a, b))

    def _binary(self, op: str, a: Value, b: Value, dtype: DType, operands_: DType) -> Value:
        if operands_.is_float:
            if op in ("<", "<=", ">", ">=", "==", "!="):
                return self._opaque(joined(op, [a, b]), op)
            return joined(op, [a, b])
        if operands_ is DType.BOOL and isinstance(a, Cond) and isinstance(b, Cond) and op in ("==", "!="):
            same = either((both((a, b)), both((negate(a), negate(b)))))
            return same if op == "==" else negate(same)
        x, y = self._number(a), self._number(b)
        if x is None or y is None:
            return self._guess(f"a value of line {self.span.line}", dtype)
        if op in ("<", "<=", ">", ">=", "==", "!="):
            return compared(op, x, y)
        made = combined(self.terms, op, x, y, dtype)
        if made is not None:
            self._held(made, dtype)
            return made
        level = max(x.level, y.level)
        low, high = limits(dtype)
        if op in ("&", "|", "^") and x.low >= 0 and y.low >= 0:
            low, high = 0, (1 << max(x.high, y.high).bit_length()) - 1
            if op == "&":
                high = min(x.high, y.high)
        if op in (">>",) and x.low >= 0:
            low, high = 0, x.high
        inside = frozenset[int]().union(*(i.inside for p in (x, y) for i, _ in p.parts))
        key = (op, x, y, dtype)
        if key not in self.remembered:
            made = self.terms.sym(f"({x}) {op} ({y})", low, high, level, abstract=True, inside=inside)
            self.remembered[key] = made
            if op in ("<<", ">>") and made.parts:
                self.shifts[made.parts[0][0]] = op, x, y
        return self.remembered[key]

    def _held(self, p: Poly, dtype: DType) -> None:
        """Note a signed number that may not fit its type."""
        low, high = limits(dtype)
        if low <= p.low and p.high <= high or self.silent or self.ending or any(
                a.abstract for a in all_atoms((p,))):
            return
        outside = either((below(p, number(low)), below(number(high), p)))
        self.found.overflows.append(Overflow(p, outside, tuple(self.path), self.span, self.kernel, self.axes))

    def _lane(self, shift: Binary) -> Cond | None:
        """Whether a lane takes part, by its bit of a mask."""
        m, i = self._number(self.value(shift.a)), self._number(self.value(shift.b))
        return None if m is None or i is None else bit(self.terms, self.shifts, m, i)

    def _number(self, v: Value) -> Poly | None:
        if isinstance(v, Cond):
            return self.terms.ite(v, ONE, ZERO)
        return v if isinstance(v, Poly) else None

    def _unary(self, op: str, v: Value, dtype: DType) -> Value:
        if op == "!":
            return negate(v) if isinstance(v, Cond) else equal(v, ZERO) if isinstance(v, Poly) else negate(
                self._opaque(v))
        if dtype.is_float:
            return joined(op, [v])
        p = self._number(v)
        if p is None:
            return self._guess(f"a value of line {self.span.line}", dtype)
        return wrapped(self.terms, p.times(-1) if op == "-" else p.times(-1) - ONE, dtype, converted=op == "~")

    def _call(self, name: str, args: list[Value], dtype: DType) -> Value:
        if dtype.is_float:
            return joined(name, args)
        numbers = [self._number(a) for a in args]
        match name, numbers:
            case "min", [Poly() as a, Poly() as b]:
                return self.terms.minimum(a, b)
            case "max", [Poly() as a, Poly() as b]:
                return self.terms.maximum(a, b)
            case "abs", [Poly() as a]:
                return self.terms.maximum(a, a.times(-1))
        whole = joined(name, args)
        if dtype is DType.BOOL:
            return self._opaque(whole, name)
        low, high = limits(dtype)
        return self.terms.sym(f"{name} at line {self.span.line}", low, high, self.own, abstract=True,
                              inside=self.inside)


def joined(op: str, of: list[Value]) -> Float | None:
    """A floating-point operation on values that were followed."""
    shape: list[str] = []
    leaves: list[Poly] = []
    for v in of:
        match v:
            case Float():
                shape.append(v.shape)
                leaves += v.leaves
            case Poly():
                shape.append("{}")
                leaves.append(v)
            case _:
                return None
    if len(leaves) > _LEAVES or sum(map(len, shape)) > 600:
        return None
    return Float(f"{op}({', '.join(shape)})", tuple(leaves))


def cells(memory: Memory) -> str:
    return f"@{memory.number}["


def cell(memory: Memory, index: int) -> str:
    return f"@{memory.number}[{index}"
