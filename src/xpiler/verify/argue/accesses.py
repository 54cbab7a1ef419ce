"""One walk over a program, host code first: every access of every launch, under which conditions, in which interval.

Loop counters stand for any iteration. A barrier that counts (its scope is among `scopes`) ends an interval; in a loop
with one, iterations are numbered alike for all threads, and the end of one iteration shares an interval with the
beginning of the next. Scalars are followed; what is not (data, most loops' results) becomes an abstract unknown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Break, Buffer, Const, Continue, DeviceBuffer, Expr, For, If, Intrinsic,
    Kernel, Launch, Let, Meaning, Return, Shuffle, Stmt, Store, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import scalars_read, statements
from xpiler.verify.argue.expressions import Loop, Place, cell
from xpiler.verify.argue.flights import ANY, COMPUTE, either_way
from xpiler.verify.argue.loops import LARGEST, Loops, on, once
from xpiler.verify.argue.scalars import own_statements
from xpiler.verify.argue.symbolic import limits
from xpiler.verify.argue.terms import (
    FALSE, GRID, ONE, TRUE, ZERO, Cond, Poly, at_most, both, either, equal, negate, number,
)
from xpiler.verify.argue.touched import (
    ATOMIC, BRANCH, EXIT, WRITE, Entry, Float, Found, Meeting, Memory, Together, Value,
)

SERIAL = ("serial", "unroll", "vector")
_WORK = 60_000  # statements walked, and what is under way when one is
_AGAIN = 3  # arrays that hold what other arrays hold


class TooMuch(Exception):
    """The program unfolds into more statements than are looked at."""


class Walk(Loops):
    """The walk."""

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
        if limits(p.dtype)[1] > LARGEST:
            self.small.append(p.name)
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
        space = b.space if isinstance(b, Buffer) else "global"
        return Memory(self.memories, b.name, extent, "device", space=space)

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
            if place.memory.extent is not None and place.memory.extent.known is None:
                self.given(at_most(ONE, place.memory.extent))
                self.given(at_most(place.memory.extent, number(LARGEST)))
        self.current, self.hosting, self.kernel = [], False, k.name
        self.axes, self.shared_arrays, self.flights.flying = (), {}, []
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
        self.work += 1 + len(self.flights.flying)
        if self.work > _WORK:
            raise TooMuch
        if s.span.line and not self.call:
            self.span = s.span
        match s:
            case Let(var, value):
                self.env[var.name] = None if value is None else self.value(value)
            case Assign(var, value):
                v = self.value(value)
                if var.name in self.places:  # of all iterations of a parallel loop
                    self.touch(var.name, ZERO, WRITE, v)
                self.env[var.name] = v
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
            case Barrier():
                self._barrier(s)
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
            self._memory(buffer, extent), scope=scope, inside=self.inside, stable=buffer.const, table=table,
            cut_from=buffer.cut_from)
        if not self._private(memory):
            memory = self.shared_arrays.setdefault(buffer.name, memory)  # one, however often it is walked over
        self.places[buffer.name] = Place(memory, ZERO)
        self.filling.born(memory, self.kernel)
        if init:
            self.filling.lose(memory)
        for k, e in enumerate(init):
            v = self.value(e)
            if self._private(memory):
                self.env[cell(memory, k)] = v

    def _barrier(self, s: Barrier) -> None:
        scope = s.scope
        if self.flights.waits(s) and not self.call:
            self.flights.arrived(s.queue or None)
        if not self.silent:
            self.found.meetings.append(Meeting(scope, tuple(self.path), self.span, self.kernel, self.axes))
        if scope in self.scopes:
            self.found.intervals.append(tuple(self.current))
            self.current = [Entry(f.access, f.conds) for f in self.flights.flying]

    def _if(self, c: Cond, then: tuple[Stmt, ...], orelse: tuple[Stmt, ...]) -> Cond:
        if c == TRUE:
            return self.sequence(then)
        if c == FALSE:
            return self.sequence(orelse)
        env, places, before, flying = dict(self.env), dict(self.places), list(self.current), self.flights.flying
        counts = self.meets((*then, *orelse))
        lives, envs, ends, flown = [], [], [], []
        for cond, stmts in ((c, then), (negate(c), orelse)):
            self.env, self.places, self.flights.flying = dict(env), dict(places), list(flying)
            if counts:
                self.current = on(before, cond)
            depth = len(self.path)
            self.branch(cond)
            lives.append(self.body(stmts))
            del self.path[depth:]
            envs.append(self.env)
            ends.append(self.current)
            flown.append(self.flights.flying)
        self.flights.flying = either_way(c, *flown)
        if counts:
            self.current = once([*ends[0], *ends[1]])
        self.places = places
        if lives[0] == FALSE or lives[1] == FALSE:
            self.env = envs[1] if lives[0] == FALSE else envs[0]
        else:
            self.env = self._merged(c, envs[0], envs[1])
        if lives[0] == TRUE == lives[1]:
            return TRUE
        return either((both((c, lives[0])), both((negate(c), lives[1]))))

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
        if not self.call and not self.silent and _named(s.name, self.platform.together):
            self._as_one(s.name, values, places)
        if self.call or not self.flights.any:
            self._inside_of(s, m, values, places)
            return
        self._issued(s, values, places)
        self._inside_of(s, m, values, places)
        self.flights.done()

    def _issued(self, s: Intrinsic, values: dict[str, Value], places: dict[str, Place]) -> None:
        """What an instruction waits for, and the queue it goes to."""
        flights, named, left = self.flights, values.get("queue"), values.get("left")
        queue = flights.queue_of(frozenset(p.memory.space for p in places.values()),
                                 named if isinstance(named, Poly) else None)
        if flights.closes(s):
            flights.close(queue)
        elif flights.blocks(s):
            flights.arrived(queue)
            flights.arrived(COMPUTE)
            flights.queue = queue
        elif flights.waits(s):
            flights.arrived(queue, left if isinstance(left, Poly) else number(LARGEST))
        elif flights.computes(s):
            flights.queue = COMPUTE
        elif flights.late(s):
            flights.queue = queue if s.name == self.platform.copy_later or not flights.queues.spaces else ANY

    def _as_one(self, name: str, values: dict[str, Value], places: dict[str, Place]) -> None:
        """Note what the lanes of a warp must give alike."""
        operands = [place.offset for place in places.values()]
        for v in values.values():
            c = self._number(v)
            operands.append(self.unknown(f"an operand of line {self.span.line}", DType.I64) if c is None else c)
        turns = frozenset(a for k in self.turns for a, _ in k.parts)
        self.found.together.append(
            Together(name, tuple(operands), tuple(self.path), self.span, self.kernel, self.axes, turns))

    def _inside_of(self, s: Intrinsic, m: Meaning, values: dict[str, Value], places: dict[str, Place]) -> None:
        kept = self.env, self.places, self.call, self.late, self.one_lane
        cells = {k: v for k, v in self.env.items() if k.startswith("@")}
        self.env, self.places, self.call = {**cells, **values}, places, s.name
        self.late = self.late or (s.name if _named(s.name, self.platform.late) else "")
        self.one_lane = self.one_lane or _named(s.name, self.platform.together)
        self.loops.append(Loop())
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
                self.filling.lose(self.places[a.buffer].memory)
        if isinstance(s.result, Var):
            self.env[s.result.name] = self._guess(s.result.name, s.result.dtype)

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


def walked(make: Callable[[], Walk], kernel: str) -> Walk:
    """A walk over a program; once more where what its arrays of integers hold is known from the first."""
    walk = make()
    walk.launches(kernel)
    for _ in range(_AGAIN):
        known = walk.filling.functions
        better = any(key not in walk.taken or f.value != walk.taken[key].value for key, f in known.items())
        if not better or not any(key in known for key in walk.guesses):
            return walk
        more = make()
        more.taken = known
        more.launches(kernel)
        borne = more.filling.functions
        if any(key not in borne or not borne[key].within(said) for key, said in more.taken.items()):
            return walk
        walk = more
    return walk


def _named(name: str, pattern: str) -> bool:
    return bool(pattern) and re.search(pattern, name) is not None


def _returns(s: Stmt) -> bool:
    """Whether what stops control behind a statement is that the thread is done."""
    inner = [s, *statements((s,))]
    return any(isinstance(x, Return) for x in inner) and not any(
        isinstance(x, Break | Continue) for x in own_statements((s,)))
