"""One walk over a program, host code first: every access of every launch, under which conditions, in which interval.

Loop counters stand for any iteration. A barrier that counts (its scope is among `scopes`) ends an interval; in a loop
with one, iterations are numbered alike for all threads, and the end of one iteration shares an interval with the
beginning of the next. Scalars are followed; what is not (data, most loops' results) becomes an abstract unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from xpiler.fault import NOWHERE, Span
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Call, Cast, Const, Continue, DeviceBuffer, Expr, For,
    If, Intrinsic, Kernel, Launch, Let, Load, Meaning, Program, Return, Select, Shuffle, Stmt, Store, Unary, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import defines, free_vars, scalars_read, statements, subexpressions
from xpiler.platforms.platform import Platform
from xpiler.verify.evaluate import Number
from xpiler.verify.symbolic import combined, compared, limits, wrapped
from xpiler.verify.terms import (
    BLOCK, FALSE, GRID, ONE, THREAD, TRUE, ZERO, Atom, Cond, Poly, Terms, at_most, below, both, either, equal, negate,
    number,
)
from xpiler.verify.touched import (
    ATOMIC, BRANCH, EXIT, FACT, READ, WRITE, Access, Axes, Entry, Float, Found, Interval, Meeting, Memory, Step, Value,
)

SERIAL = ("serial", "unroll", "vector")
LARGEST = (1 << 31) - 1  # of a size: arrays have fewer than 2^31 elements
_UNROLLED = 64  # iterations of a loop whose condition is known each time
_LEAVES = 24  # of a floating-point value that is followed
_WORK = 60_000  # statements walked


class TooMuch(Exception):
    """The program unfolds into more statements than are looked at."""


@dataclass(frozen=True)
class Place:
    """Where a buffer's name points: an array, and the element its own element 0 is."""

    memory: Memory
    offset: Poly


@dataclass
class _Loop:
    """A loop being walked: what was on the interval where it was left."""

    left: list[Interval] = field(default_factory=list)
    counts: bool = False
    levels: list[int] = field(default_factory=list)  # of the conditions on which it is left


def level_of_axis(kind: str) -> int:
    """Whether an axis numbers threads of a group, or groups."""
    return THREAD if kind.startswith("thread") or kind == "core" else BLOCK


class Walk:
    """The walk. `shared`: the level that the threads we argue about have in common."""

    def __init__(
        self, program: Program, platform: Platform, terms: Terms, *, scopes: frozenset[str] = frozenset(),
        shared: int = GRID, let: Mapping[str, Number] | None = None,
    ) -> None:
        self.program, self.platform, self.terms = program, platform, terms
        self.scopes, self.shared, self.let = scopes, shared, let or {}
        self.meanings = {(m.name, m.key): m for m in program.meanings}
        self.spaces = {s.name: s.scope for s in platform.spaces}
        self.found = Found()
        self.env: dict[str, Value] = {}
        self.places: dict[str, Place] = {}
        self.path: list[Step] = []
        self.current: list[Entry] = []
        self.loops: list[_Loop] = []
        self.inside: frozenset[int] = frozenset()
        self.hosting = True
        self.wandering = 0  # loops around us whose iterations threads are not in together
        self.silent = 0
        self.span: Span = NOWHERE
        self.call = ""  # the late or one-lane instruction we are in
        self.late = ""
        self.one_lane = False
        self.kernel = ""
        self.axes: Axes = ()
        self.work = 0
        self.memories = 0
        self.sizes: list[str] = []
        self.others: list[str] = []
        self.free: dict[str, Poly] = {}
        self.remembered: dict[tuple[object, ...], Value] = {}

    # ------------------------------------------------------------ programs

    def launches(self, kernel: str = "") -> Found:
        """Walk the launcher, or the kernels alone."""
        launcher = self.program.launcher
        if launcher is None or kernel:
            for k in self.program.kernels:
                if kernel in ("", k.name):
                    self._alone(k)
            return self.found
        sizing = self._sizing()
        for p in launcher.params:
            if isinstance(p, Var):
                self.env[p.name] = self._scalar(p, sizing)
        for p in launcher.params:
            if isinstance(p, Buffer):
                extent = None if p.extent is None else self.integer(p.extent)
                self.places[p.name] = Place(self._memory(p, extent), ZERO)
        self.body(launcher.body)
        return self.found

    @property
    def unknown_sizes(self) -> frozenset[Atom]:
        return frozenset(a for p in self.free.values() for a, _ in p.parts)

    def _sizing(self) -> frozenset[str]:
        """Host scalars that reach an extent of an array or of a launch."""
        launcher = self.program.launcher
        assert launcher is not None, "asked for a launcher's sizes"
        seen = {v.name for b in launcher.buffers for v in scalars_read(b.extent)}
        for s in statements(launcher):
            if isinstance(s, Launch):
                k = self.program.kernel(s.kernel)
                names = {v.name for x in statements(k) if isinstance(x, For) and x.kind not in SERIAL
                         for v in scalars_read(x.stop)}
                seen |= {v.name for p, a in zip(k.params, s.args, strict=True) if p.name in names
                         for v in scalars_read(a)}
        seen |= {v.name for p in launcher.params if isinstance(p, Buffer) and p.extent is not None
                 for v in scalars_read(p.extent)}
        for _ in range(4):
            for s in statements(launcher):
                if isinstance(s, Let | Assign) and s.var.name in seen and s.value is not None:
                    seen |= {v.name for v in scalars_read(s.value)}
        return frozenset(seen)

    def _scalar(self, p: Var, sizing: frozenset[str]) -> Value:
        if p.dtype.is_float:
            return Float(f"parameter {p.name}")
        if p.name in self.let:
            return self.converted(number(int(self.let[p.name])), p.dtype)
        if p.dtype is DType.BOOL:
            return equal(self.terms.sym(p.name, 0, 1), ONE)
        low = 1 if p.name in sizing else 0
        (self.sizes if low else self.others).append(p.name)
        self.free[p.name] = self.terms.sym(p.name, low, min(LARGEST, limits(p.dtype)[1]))
        return self.free[p.name]

    def _alone(self, k: Kernel) -> None:
        """A kernel nobody launches: its scalars are sizes, its arrays as large as they are said to be."""
        self.env, self.places = {}, {}
        names = frozenset(
            v.name for s in statements(k) if isinstance(s, For) and s.kind not in SERIAL for v in scalars_read(s.stop)
        ) | {v.name for p in k.params if isinstance(p, Buffer) and p.extent is not None for v in scalars_read(p.extent)}
        written = self._written(k)
        for p in k.params:
            if isinstance(p, Var):
                self.env[p.name] = self._scalar(p, names)
        for p in k.params:
            if isinstance(p, Buffer):
                extent = None if p.extent is None else self.integer(p.extent)
                memory = replace(self._memory(p, extent), stable=p.name not in written)
                self.places[p.name] = Place(memory, ZERO)
        self._run(k)

    def _launch(self, s: Launch) -> None:
        k = self.program.kernel(s.kernel)
        written = self._written(k)
        pairs = zip(k.params, s.args, strict=True)
        targets = [(p, self._target(a)) if isinstance(a, Addr) else (p, a) for p, a in pairs]
        changed = {t.memory.name for p, t in targets if isinstance(t, Place) and p.name in written}
        env: dict[str, Value] = {}
        places: dict[str, Place] = {}
        memories: dict[str, Memory] = {}
        for p, t in targets:
            if isinstance(t, Place):
                old = t.memory
                memory = memories.setdefault(old.name, replace(old, stable=old.name not in changed))
                places[p.name] = Place(memory, t.offset)
            else:
                env[p.name] = self.value(t)
        kept = self.env, self.places
        self.env, self.places = env, places
        self._run(k)
        self.env, self.places = kept

    def _memory(self, b: Buffer | DeviceBuffer, extent: Poly | None) -> Memory:
        self.memories += 1
        return Memory(self.memories, b.name, extent, "device")

    def _target(self, a: Addr) -> Place:
        launcher = self.program.launcher
        assert launcher is not None, "a launch has a launcher"
        if a.buffer not in self.places:
            b = next(b for b in launcher.buffers if b.name == a.buffer)
            self.places[a.buffer] = Place(self._memory(b, self.integer(b.extent)), ZERO)
        at = self.places[a.buffer]
        return Place(at.memory, at.offset + self.integer(a.index))

    def _run(self, k: Kernel) -> None:
        """One launch: its own intervals, its own threads."""
        depth = len(self.path)
        for place in self.places.values():
            if place.memory.extent is not None:
                self.given(at_most(ONE, place.memory.extent))
                self.given(at_most(place.memory.extent, number(LARGEST)))
        self.current, self.hosting, self.kernel = [], False, k.name
        self.axes = ()
        self.body(k.body)
        self.found.intervals.append(tuple(self.current))
        self.current, self.hosting = [], True
        del self.path[depth:]

    def _written(self, k: Kernel) -> frozenset[str]:
        """The buffers of a kernel that are stored to, also by intrinsics."""
        out: set[str] = set()
        for s in statements(k):
            match s:
                case Store(buffer=b) | Atomic(buffer=b):
                    out.add(b)
                case Intrinsic(name, args, result, key):
                    out |= {a.buffer for i, a in enumerate(args) if isinstance(a, Addr) and self._stores(name, key, i)}
                    out |= {result.buffer} if isinstance(result, Addr) else set()
        return frozenset(out)

    def _stores(self, name: str, key: str, i: int) -> bool:
        m = self.meanings.get((name, key))
        if m is None or i >= len(m.params):
            return True
        return any(isinstance(s, Store | Atomic) and s.buffer == m.params[i].name for s in statements(m)) or any(
            isinstance(s, Intrinsic) for s in statements(m))

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

    # ------------------------------------------------------------ statements

    def body(self, stmts: tuple[Stmt, ...]) -> Cond:
        """Walk statements in order; the condition on which control goes on behind them."""
        depth, goes_on = len(self.path), list[Cond]()
        for s in stmts:
            live = self.stmt(s)
            if live == TRUE:
                continue
            goes_on.append(live)
            if live == FALSE:
                break
            self.branch(live, EXIT if _returns(s) else BRANCH)
        del self.path[depth:]
        return both(goes_on)

    def stmt(self, s: Stmt) -> Cond:
        self.work += 1
        if self.work > _WORK:
            raise TooMuch
        if s.span.line and not self.call:
            self.span = s.span
        match s:
            case Let(var, value):
                self.env[var.name] = None if value is None else self.value(value)
            case Assign(var, value):
                self.env[var.name] = self.value(value)
            case Store(buffer, index, value):
                at, v = self.integer(index), self.value(value)
                self.touch(buffer, at, WRITE, v)
            case Alloc(buffer, init):
                self._alloc(buffer, init)
            case For():
                return self._axis(s) if s.kind not in (*SERIAL, "parallel") else self._for(s)
            case While():
                return self._while(s)
            case If(cond, then, orelse):
                return self._if(self.cond(cond), then, orelse)
            case Intrinsic():
                self._intrinsic(s)
            case Shuffle():
                self._shuffle(s)
            case Atomic():
                self._atomic(s)
            case Barrier(scope):
                self._barrier(scope)
            case Return():
                return FALSE
            case Break() | Continue():
                self._leave(isinstance(s, Break))
                return FALSE
            case Launch():
                self._launch(s)
            case _:
                raise TypeError(f"not a statement: {s!r}")
        return TRUE

    def _alloc(self, buffer: Buffer, init: tuple[Expr, ...]) -> None:
        assert buffer.extent is not None, "an allocation has an extent"
        extent = self.integer(buffer.extent)
        scope = self.spaces.get(buffer.space, "device")
        values = [e.value for e in init if isinstance(e, Const) and isinstance(e.value, int)]
        table = None
        if buffer.const and init and len(values) == len(init):
            padded = [*values, 0] if extent.known != len(values) else values
            table = min(padded), max(padded)
        memory = replace(
            self._memory(buffer, extent), scope=scope, inside=self.inside, stable=buffer.const, table=table)
        self.places[buffer.name] = Place(memory, ZERO)
        for k, e in enumerate(init):
            v = self.value(e)
            if self._private(memory):
                self.env[_cell(memory, k)] = v

    def _private(self, memory: Memory) -> bool:
        return memory.scope in ("thread", "core")

    def _barrier(self, scope: str) -> None:
        if not self.silent:
            self.found.meetings.append(Meeting(scope, tuple(self.path), self.span, self.kernel, self.axes))
        if scope in self.scopes:
            self.found.intervals.append(tuple(self.current))
            self.current = []

    def _if(self, c: Cond, then: tuple[Stmt, ...], orelse: tuple[Stmt, ...]) -> Cond:
        if c == TRUE:
            return self._sequence(then)
        if c == FALSE:
            return self._sequence(orelse)
        env, places, before = dict(self.env), dict(self.places), list(self.current)
        counts = self._meets((*then, *orelse))
        lives, envs, ends = [], [], []
        for cond, stmts in ((c, then), (negate(c), orelse)):
            self.env, self.places = dict(env), dict(places)
            if counts:
                self.current = _with(before, cond)
            depth = len(self.path)
            self.branch(cond)
            lives.append(self.body(stmts))
            del self.path[depth:]
            envs.append(self.env)
            ends.append(self.current)
        if counts:
            self.current = _once([*ends[0], *ends[1]])
        self.places = places
        if lives[0] == FALSE or lives[1] == FALSE:
            self.env = envs[1] if lives[0] == FALSE else envs[0]
        else:
            self.env = self._merged(c, envs[0], envs[1])
        if lives[0] == TRUE == lives[1]:
            return TRUE
        return either((both((c, lives[0])), both((negate(c), lives[1]))))

    def _sequence(self, stmts: tuple[Stmt, ...]) -> Cond:
        places = dict(self.places)
        live = self.body(stmts)
        self.places = places
        return live

    def _merged(self, c: Cond, a: dict[str, Value], b: dict[str, Value]) -> dict[str, Value]:
        out: dict[str, Value] = {}
        for name, x in a.items():
            if name not in b:
                continue
            y = b[name]
            if x is y or x == y:
                out[name] = x
            elif isinstance(x, Poly) and isinstance(y, Poly):
                out[name] = self.terms.ite(c, x, y)
            elif isinstance(x, Cond) and isinstance(y, Cond):
                out[name] = either((both((c, x)), both((negate(c), y))))
            else:
                out[name] = None
        return out

    def _leave(self, whole: bool) -> None:
        loop = self.loops[-1]
        loop.levels.append(max((s.cond.level for s in self.path if s.why == BRANCH), default=GRID))
        if whole:
            loop.left.append(tuple(self.current))

    # ------------------------------------------------------------ axes and loops

    def _axis(self, s: For) -> Cond:
        stop = self.integer(s.stop)
        level = level_of_axis(s.kind)
        var = self.counter(s.var.name, stop.high - 1, level)
        self.env[s.var.name] = var
        self.axes = (*self.axes, (s.kind, var, stop))
        depth = len(self.path)
        self.given(below(var, stop))
        self.body(s.body)
        del self.path[depth:]
        return TRUE

    def _for(self, s: For) -> Cond:
        start, stop, step = self.integer(s.start), self.integer(s.stop), self.integer(s.step)
        if s.kind == "parallel":
            return self._parallel(s, start, stop, step)
        most = (stop.high - 1 - start.low) // max(step.low, 1)
        plain = start == ZERO and step == ONE
        name = s.var.name if plain else f"{s.var.name}'s turn"

        def at(k: Poly) -> Cond:
            self.env[s.var.name] = start + self.terms.mul(k, step)
            return below(start + self.terms.mul(k, step), stop)

        self.env.pop(s.var.name, None)
        trip = self._trip(start, stop, step)
        return self._repeat(s.body, name, most, at, trip, step)

    def _trip(self, start: Poly, stop: Poly, step: Poly) -> Poly:
        """How often a loop runs that nothing leaves early."""
        terms = self.terms
        return terms.maximum(terms.quo(stop - start + step - ONE, step), ZERO)

    def _parallel(self, s: For, start: Poly, stop: Poly, step: Poly) -> Cond:
        mark = len(self.found.parallel) + 1
        self.found.parallel[mark] = start
        outside = {v.name for v in free_vars(s.body)} & {
            v.name for x in statements(s.body) if isinstance(x, Assign | Shuffle | Atomic | Intrinsic)
            and (v := defines(x)) is not None}
        for name in sorted(outside):
            self.doubt(f"`{name}` belongs to all iterations of the parallel loop and is assigned in it")
        kept = self.inside
        self.inside = kept | {mark}
        most = (stop.high - 1 - start.low) // max(step.low, 1)

        def at(k: Poly) -> Cond:
            self.found.parallel[mark] = self.env[s.var.name] = start + self.terms.mul(k, step)
            return below(start + self.terms.mul(k, step), stop)

        self.env.pop(s.var.name, None)
        live = self._repeat(s.body, s.var.name, most, at, None, step)
        self.inside = kept
        return live

    def _while(self, s: While) -> Cond:
        if self._unrolled(s):
            return TRUE

        def at(_: Poly) -> Cond:
            return self.cond(s.cond)

        steady = isinstance(s.cond, Binary) and s.cond.op in ("<", "<=", ">", ">=")
        return self._repeat(s.body, f"turn of line {s.span.line}", LARGEST, at, None, None, steady=steady, cond=s.cond)

    def _unrolled(self, s: While) -> bool:
        """Walk a loop whose condition is known each time; False, and nothing happened, where it is not."""
        kept = self._snapshot()
        for _ in range(_UNROLLED):
            c = self.cond(s.cond)
            if c == FALSE:
                return True
            if c != TRUE:
                break
            self.loops.append(_Loop())
            live = self._sequence(s.body)
            left = self.loops.pop()
            if live == FALSE and left.left and not left.counts and len(left.levels) == 1:
                return True  # left for certain
            if live != TRUE or left.levels:
                break
        self._restore(kept)
        return False

    def _snapshot(self) -> tuple[object, ...]:
        f = self.found
        return (dict(self.env), dict(self.places), list(self.current), len(f.accesses), len(f.intervals),
                len(f.meetings), len(f.doubts), self.span)

    def _restore(self, kept: tuple[object, ...]) -> None:
        env, places, current, a, i, m, d, span = kept
        assert isinstance(env, dict) and isinstance(places, dict) and isinstance(current, list)
        assert isinstance(a, int) and isinstance(i, int) and isinstance(m, int) and isinstance(d, int)
        assert isinstance(span, Span)
        self.env, self.places, self.current, self.span = env, places, current, span
        del self.found.accesses[a:]
        del self.found.intervals[i:]
        del self.found.meetings[m:]
        del self.found.doubts[d:]

    def _repeat(
        self, body: tuple[Stmt, ...], name: str, most: int, at: Callable[[Poly], Cond], trip: Poly | None,
        step: Poly | None, *, steady: bool = True, cond: Expr | None = None,
    ) -> Cond:
        """A loop: `at(k)` puts iteration k's variable into the environment and says whether there is such a one."""
        before = dict(self.env)
        changed = self._changed(body)
        growing = self._growing(body, changed)
        leaves = any(isinstance(x, Break | Return) for x in _own(body)) or any(
            isinstance(x, Return) for x in statements(body))
        if self._meets(body):
            live = self._together(body, name, most, at, before, changed, growing, leaves, step)
        else:
            live = self._apart(body, name, most, at, before, changed, growing, leaves, step, steady)
        broken = any(isinstance(x, Break) for x in _own(body))
        after = dict(before)
        for v in changed:
            if v in growing and trip is not None and not leaves:
                old = before[v]
                assert isinstance(old, Poly), "only integers grow"
                after[v] = old + self.terms.mul(trip, growing[v])
            elif v in growing and trip is None:
                old = before[v]
                assert isinstance(old, Poly), "only integers grow"
                k = self.terms.sym(f"turns, {name}", 0, LARGEST, self.own, abstract=True, inside=self.inside)
                after[v] = old + self.terms.mul(k, growing[v])
            else:
                after[v] = self._after(v, before.get(v), body)
        self.env = {k: v for k, v in after.items() if k in before}
        if cond is not None and not broken:
            self.silent += 1
            kept = self.current, len(self.found.accesses)
            self.current = list(self.current)
            self.given(negate(self.cond(cond)))
            self.current = kept[0]
            del self.found.accesses[kept[1]:]
            self.silent -= 1
        returned = any(isinstance(x, Return) for x in statements(body))
        return self.terms.truth(f"line {self.span.line} does not return", self.own, self.inside) if returned else live

    def _after(self, name: str, old: Value, body: tuple[Stmt, ...]) -> Value:
        """What a scalar is behind a loop that changed it."""
        if not isinstance(old, Poly):
            return self._vague(name, old)
        dtype = _type_of(name, body)
        return None if dtype is None else self._ranged(name, old, dtype, body, self.own)

    def _vague(self, name: str, old: Value) -> Value:
        return self.terms.truth(name, self.own, self.inside) if isinstance(old, Cond) else None

    def _apart(
        self, body: tuple[Stmt, ...], name: str, most: int, at: Callable[[Poly], Cond], before: dict[str, Value],
        changed: Iterable[str], growing: Mapping[str, Poly], leaves: bool, step: Poly | None, steady: bool,
    ) -> Cond:
        """A loop in which threads are wherever they are."""
        k = self.terms.sym(name, 0, max(most, 0), self.own, abstract=not steady, inside=self.inside)
        self._enter(k, before, changed, growing, self.own, body)
        depth, places = len(self.path), dict(self.places)
        if step is not None:
            self.given(at_most(ONE, step))
        self.wandering += 1
        self.branch(at(k))
        if leaves:
            self.branch(self.terms.truth(f"not left before {name}", self.own, self.inside))
        self.loops.append(_Loop())
        self.body(body)
        self.loops.pop()
        self.wandering -= 1
        self.places = places
        del self.path[depth:]
        return TRUE

    def _together(
        self, body: tuple[Stmt, ...], name: str, most: int, at: Callable[[Poly], Cond], before: dict[str, Value],
        changed: Iterable[str], growing: Mapping[str, Poly], leaves: bool, step: Poly | None,
    ) -> Cond:
        """A loop with barriers: all threads are in the same iteration whenever they meet."""
        level = GRID if self.hosting else self.shared
        lone: set[str] = set()
        leaving = level
        head = list(self.current)
        while True:
            kept = self._snapshot()
            k = self.terms.sym(name, 0, max(most, 0), level, inside=self.inside)
            loop = _Loop(counts=True)
            last = k - ONE

            def enter(turn: Poly, values: Mapping[str, Value], extra: Cond, leaving: int = leaving) -> None:
                self.env = {**before, **values}
                for v, c in growing.items():
                    old = before[v]
                    assert isinstance(old, Poly), "only integers grow"
                    self.env[v] = old + self.terms.mul(turn, c)
                if step is not None:
                    self.given(at_most(ONE, step))
                self.given(extra)
                self.branch(at(turn))
                if leaves:
                    self.branch(self.terms.truth(f"not left before {name}", leaving, self.inside))

            fresh = {v: self._entering(v, before.get(v), body, THREAD if v in lone else level)
                     for v in changed if v not in growing}
            depth, places, intervals = len(self.path), dict(self.places), len(self.found.intervals)
            self.current, self.silent = [], self.silent + 1
            enter(last, fresh, at_most(ONE, k))
            self.loops.append(loop)
            self.body(body)
            self.loops.pop()
            self.silent -= 1
            del self.path[depth:]
            del self.found.intervals[intervals:]
            self.places = dict(places)
            tail, end = self.current, self.env
            worse = {v for v, x in fresh.items() if v not in lone and x is not None and _level(end.get(v)) > level}
            left = max(loop.levels, default=GRID)
            if not worse and left <= leaving:
                break
            lone |= worse
            leaving = max(left, leaving)
            self._restore(kept)
        first = equal(k, ZERO)
        values: dict[str, Value] = {}
        for v in fresh:
            x, y = before.get(v), end.get(v)
            values[v] = self.terms.ite(first, x, y) if isinstance(x, Poly) and isinstance(y, Poly) else (
                fresh[v] if isinstance(x, Poly) else self._vague(v, x))
        self.current = [*_with(head, first), *_with(tail, at_most(ONE, k))]
        loop = _Loop(counts=True)
        enter(k, values, TRUE)
        self.loops.append(loop)
        self.body(body)
        self.loops.pop()
        del self.path[depth:]
        self.places = places
        tail, end = self.current, self.env
        self.silent += 1
        accesses = len(self.found.accesses)
        self.current = []
        self.env = dict(before)
        never = negate(at(ZERO))
        self.env = dict(end)
        for v, c in growing.items():
            old = before[v]
            assert isinstance(old, Poly), "only integers grow"
            self.env[v] = old + self.terms.mul(k + ONE, c)
        done = TRUE if leaves else negate(at(k + ONE))
        del self.found.accesses[accesses:]
        self.silent -= 1
        self.current = _once([*_with(head, never), *_with(tail, done), *(e for part in loop.left for e in part)])
        return TRUE

    def _enter(
        self, k: Poly, before: dict[str, Value], changed: Iterable[str], growing: Mapping[str, Poly], level: int,
        body: tuple[Stmt, ...],
    ) -> None:
        for v in changed:
            old = before.get(v)
            if v in growing:
                assert isinstance(old, Poly), "only integers grow"
                self.env[v] = old + self.terms.mul(k, growing[v])
            else:
                self.env[v] = self._entering(v, old, body, level)

    def _entering(self, name: str, old: Value, body: tuple[Stmt, ...], level: int) -> Value:
        """A scalar at the beginning of some iteration of a loop that changes it."""
        dtype = _type_of(name, body)
        if isinstance(old, Poly) and dtype is not None:
            return self._ranged(name, old, dtype, body, level)
        return self.terms.truth(name, level, self.inside) if isinstance(old, Cond) else None

    def _ranged(self, name: str, old: Poly, dtype: DType, body: tuple[Stmt, ...], level: int) -> Poly:
        """A scalar that a loop changes: any value of a range that the loop's assignments do not leave."""
        low, high = self._kept_range(name, old, dtype, body)
        ways = [s.value for s in statements(body) if isinstance(s, Assign) and s.var.name == name]
        others = any(isinstance(s, Shuffle | Atomic | Intrinsic) and (d := defines(s)) is not None and d.name == name
                     for s in statements(body))
        if not others and all(_moves(w, name, 1) for w in ways):
            low = max(low, old.low)
        if not others and all(_moves(w, name, -1) for w in ways):
            high = min(high, old.high)
        return self.terms.sym(name, low, max(low, high), level, abstract=True, inside=self.inside)

    def _kept_range(self, name: str, old: Poly, dtype: DType, body: tuple[Stmt, ...]) -> tuple[int, int]:
        """A range that holds the first value and what any assignment makes of a value of it."""
        low, high = limits(dtype)
        assigned = [s for s in statements(body) if (d := defines(s)) is not None and d.name == name]
        if not all(isinstance(s, Assign | Let) for s in assigned):
            return low, high
        changed = self._changed(body)
        reach = (old.low, old.high)
        for _ in range(4):
            grown = reach
            for s in assigned:
                assert isinstance(s, Assign | Let), "checked above"
                if s.value is None:
                    return low, high
                r = self._interval(s.value, {name: reach}, changed)
                if r is None:
                    return low, high
                grown = min(grown[0], r[0]), max(grown[1], r[1])
            if grown == reach:
                return max(low, reach[0]), min(high, reach[1])
            reach = grown
        return low, high

    def _interval(
        self, e: Expr, ranges: Mapping[str, tuple[int, int]], changed: frozenset[str]
    ) -> tuple[int, int] | None:
        """The range of an expression, by ranges of what it is made of."""
        if any(isinstance(x, Load | Addr) for x in subexpressions(e)) or e.dtype.is_float:
            return None if e.dtype.is_float else limits(e.dtype)
        env = dict(self.env)
        for v in scalars_read(e):
            if v.dtype.is_float:
                return limits(e.dtype)
            if v.name in ranges:
                lo, hi = ranges[v.name]
                env[v.name] = self.terms.sym(v.name, lo, hi)
            elif v.name in changed or not isinstance(env.get(v.name), Poly | Cond):
                lo, hi = limits(v.dtype)
                p = self.terms.sym(v.name, lo, hi)
                env[v.name] = equal(p, ONE) if v.dtype is DType.BOOL else p
        kept, self.env = self.env, env
        result = self.value(e)
        self.env = kept
        return (result.low, result.high) if isinstance(result, Poly) else limits(e.dtype)

    def _changed(self, body: tuple[Stmt, ...]) -> frozenset[str]:
        """Scalars, and remembered elements of a thread's own arrays, that a body changes."""
        names = {v.name for s in statements(body) if not isinstance(s, Let | For) and (v := defines(s)) is not None}
        stored: set[str] = set()
        for s in statements(body):
            if isinstance(s, Store | Atomic):
                stored.add(s.buffer)
            elif isinstance(s, Intrinsic):
                stored |= {a.buffer for a in (*s.args, s.result) if isinstance(a, Addr)}
        for b in stored & set(self.places):
            mark = _cells(self.places[b].memory)
            names |= {c for c in self.env if c.startswith(mark)}
        return frozenset(n for n in names if n in self.env)

    def _growing(self, body: tuple[Stmt, ...], changed: frozenset[str]) -> dict[str, Poly]:
        """Scalars that each iteration moves by the same: name -> by how much."""
        if any(isinstance(s, Continue) for s in _own(body)):
            return {}
        out: dict[str, Poly] = {}
        inner = {v.name for s in statements(body) if isinstance(s, Let | For) and (v := defines(s)) is not None}
        for name in changed:
            if not isinstance(self.env.get(name), Poly):
                continue
            top = [s for s in body if isinstance(s, Assign) and s.var.name == name]
            every = [s for s in statements(body) if (d := defines(s)) is not None and d.name == name]
            if len(top) != len(every) or not top:
                continue
            total = ZERO
            for s in top:
                by = _increment(s.value, name)
                if by is None or any(isinstance(x, Load) for x in subexpressions(by[0])):
                    break
                if any(v.name in changed or v.name in inner or not isinstance(self.env.get(v.name), Poly)
                       for v in scalars_read(by[0])):
                    break
                amount = self.integer(by[0])
                total = total + amount if by[1] > 0 else total - amount
            else:
                out[name] = total
        return out

    def _meets(self, body: tuple[Stmt, ...]) -> bool:
        """Whether a body has a barrier that counts."""
        return any(isinstance(s, Barrier) and s.scope in self.scopes for s in statements(body))

    # ------------------------------------------------------------ calls

    def _intrinsic(self, s: Intrinsic) -> None:
        m = self.meanings.get((s.name, s.key))
        if m is None:
            self.doubt(f"nothing says what `{s.name}` does")
            self._forget(s)
            return
        values: dict[str, Value] = {}
        places: dict[str, Place] = {}
        for p, a in zip(m.params, s.args, strict=True):
            if isinstance(p, Buffer) and isinstance(a, Addr):
                places[p.name] = self._at(a)
            elif isinstance(p, Var):
                values[p.name] = self.value(a)
        result = m.result
        if isinstance(result, Buffer) and isinstance(s.result, Addr):
            places[result.name] = self._at(s.result)
        elif isinstance(result, Var):
            values[result.name] = None
        self._inside_of(s, m, values, places)

    def _inside_of(self, s: Intrinsic, m: Meaning, values: dict[str, Value], places: dict[str, Place]) -> None:
        kept = self.env, self.places, self.call, self.late, self.one_lane
        cells = {k: v for k, v in self.env.items() if k.startswith("@")}
        self.env, self.places, self.call = {**cells, **values}, places, s.name
        self.late = self.late or (s.name if _named(s.name, self.platform.late) else "")
        self.one_lane = self.one_lane or _named(s.name, self.platform.together)
        self.loops.append(_Loop())
        self.body(m.body)
        self.loops.pop()
        cells = {k: v for k, v in self.env.items() if k.startswith("@")}
        given = self.env.get(m.result.name) if isinstance(m.result, Var) else None
        self.env, self.places, self.call, self.late, self.one_lane = kept
        self.env = {k: v for k, v in self.env.items() if not k.startswith("@")} | cells
        if isinstance(s.result, Var):
            self.env[s.result.name] = given

    def _forget(self, s: Intrinsic) -> None:
        for a in (*s.args, s.result):
            if isinstance(a, Addr):
                self._clear(self.places[a.buffer].memory)
        if isinstance(s.result, Var):
            self.env[s.result.name] = self._guess(s.result.name, s.result.dtype)

    def _guess(self, name: str, dtype: DType, level: int | None = None) -> Value:
        if dtype.is_float:
            return None
        if dtype is DType.BOOL:
            return self.terms.truth(name, self.own if level is None else level, self.inside)
        return self.unknown(name, dtype, level)

    def _at(self, a: Addr) -> Place:
        place = self.places[a.buffer]
        return Place(place.memory, place.offset + self.integer(a.index))

    def _shuffle(self, s: Shuffle) -> None:
        self.value(s.value)
        self.value(s.lane)
        self.env[s.result.name] = self._guess(f"what a lane gave at line {self.span.line}", s.result.dtype)

    def _atomic(self, s: Atomic) -> None:
        at = self.integer(s.index)
        value = self.value(s.value)
        if s.compare is not None:
            self.value(s.compare)
        self.touch(s.buffer, at, ATOMIC, value)
        if s.result is not None:
            self.env[s.result.name] = self._guess(f"{s.buffer}[...] at line {self.span.line}", s.result.dtype)

    # ------------------------------------------------------------ accesses

    def touch(self, buffer: str, index: Poly, kind: str, value: Value = None) -> Place:
        place = self.places[buffer]
        at = place.offset + index
        a = Access(place.memory, at, kind, tuple(self.path), self.span, self.kernel, value, self.late, self.one_lane,
                   self.inside, self.axes)
        self.found.accesses.append(a)
        self.current.append(Entry(a))
        if kind != READ:
            if at.known is not None and self._private(place.memory) and kind == WRITE:
                self.env[_cell(place.memory, at.known)] = value
            else:
                self._clear(place.memory)
        return Place(place.memory, at)

    def _clear(self, memory: Memory) -> None:
        mark = _cells(memory)
        for c in [c for c in self.env if c.startswith(mark)]:
            del self.env[c]

    def _loaded(self, e: Load) -> Value:
        at = self.touch(e.buffer, self.integer(e.index), READ)
        memory, index = at.memory, at.offset
        if index.known is not None and _cell(memory, index.known) in self.env and self._private(memory):
            return self.env[_cell(memory, index.known)]
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
        return self._guess(f"{memory.name}[...]", e.dtype, self.shared if alike and not self.hosting else None)

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
            case Binary(op, a, b, dtype):
                return self._binary(op, self.value(a), self.value(b), dtype, a.dtype)
            case Unary(op, a, dtype):
                return self._unary(op, self.value(a), dtype)
            case Call(name, args, dtype):
                return self._call(name, [self.value(a) for a in args], dtype)
        raise TypeError(f"not a value: {e!r}")

    def _variable(self, name: str, dtype: DType) -> Value:
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
            return _float("?", [Float("{}", (self.terms.ite(c, ONE, ZERO),)), x, y])
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
                return self._opaque(_float(op, [a, b]), op)
            return _float(op, [a, b])
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
            self.remembered[key] = self.terms.sym(
                f"({x}) {op} ({y})", low, high, level, abstract=True, inside=inside)
        return self.remembered[key]

    def _number(self, v: Value) -> Poly | None:
        if isinstance(v, Cond):
            return self.terms.ite(v, ONE, ZERO)
        return v if isinstance(v, Poly) else None

    def _unary(self, op: str, v: Value, dtype: DType) -> Value:
        if op == "!":
            return negate(v) if isinstance(v, Cond) else equal(v, ZERO) if isinstance(v, Poly) else negate(
                self._opaque(v))
        if dtype.is_float:
            return _float(op, [v])
        p = self._number(v)
        if p is None:
            return self._guess(f"a value of line {self.span.line}", dtype)
        return wrapped(self.terms, p.times(-1) if op == "-" else p.times(-1) - ONE, dtype, converted=op == "~")

    def _call(self, name: str, args: list[Value], dtype: DType) -> Value:
        if dtype.is_float:
            return _float(name, args)
        numbers = [self._number(a) for a in args]
        match name, numbers:
            case "min", [Poly() as a, Poly() as b]:
                return self.terms.minimum(a, b)
            case "max", [Poly() as a, Poly() as b]:
                return self.terms.maximum(a, b)
            case "abs", [Poly() as a]:
                return self.terms.maximum(a, a.times(-1))
        whole = _float(name, args)
        if dtype is DType.BOOL:
            return self._opaque(whole, name)
        low, high = limits(dtype)
        return self.terms.sym(f"{name} at line {self.span.line}", low, high, self.own, abstract=True,
                              inside=self.inside)


def _float(op: str, of: list[Value]) -> Float | None:
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


def _named(name: str, pattern: str) -> bool:
    return bool(pattern) and re.search(pattern, name) is not None


def _level(v: Value) -> int:
    return THREAD if v is None else v.level


def _cells(memory: Memory) -> str:
    return f"@{memory.number}["


def _cell(memory: Memory, index: int) -> str:
    return f"@{memory.number}[{index}"


def _with(entries: Iterable[Entry], c: Cond) -> list[Entry]:
    """Entries on a further condition; those it rules out are dropped."""
    if c == FALSE:
        return []
    return list(entries) if c == TRUE else [Entry(e.access, (*e.extra, c)) for e in entries]


def _once(entries: Iterable[Entry]) -> list[Entry]:
    return list(dict.fromkeys(entries))


def _own(body: tuple[Stmt, ...]) -> Iterable[Stmt]:
    """The statements of a loop's body that a break or continue in it would be about: nested loops left out."""
    for s in body:
        yield s
        if isinstance(s, If):
            yield from _own(s.then)
            yield from _own(s.orelse)


def _returns(s: Stmt) -> bool:
    """Whether what stops control behind a statement is that the thread is done."""
    inner = [s, *statements((s,))]
    return any(isinstance(x, Return) for x in inner) and not any(
        isinstance(x, Break | Continue) for x in _own((s,)))


def _increment(e: Expr, name: str) -> tuple[Expr, int] | None:
    """By what, and in which direction, `name = e` moves name."""
    match e:
        case Binary("+", Var(n), by) if n == name:
            return by, 1
        case Binary("+", by, Var(n)) if n == name:
            return by, 1
        case Binary("-", Var(n), by) if n == name:
            return by, -1
    return None


def _moves(e: Expr, name: str, way: int) -> bool:
    """Whether `name = e` moves name by a constant in one direction, or leaves it."""
    if isinstance(e, Var):
        return e.name == name
    by = _increment(e, name)
    return by is not None and isinstance(by[0], Const) and by[0].value * by[1] * way >= 0


def _type_of(name: str, body: tuple[Stmt, ...]) -> DType | None:
    found = next((v for s in statements(body) if (v := defines(s)) is not None and v.name == name), None)
    return None if found is None or found.dtype.is_float or found.dtype is DType.BOOL else found.dtype
