"""What a sequential kernel computes: each output element as an expression over the kernel's inputs.

Statements are executed on symbolic values. A loop is summarised from one symbolic iteration: a scalar or an element
that is only ever `x = x op e` becomes a fold; an array written at an index that identifies the iteration becomes a
quantified write; reads of arrays are answered by the writes that cover them. Copies through scratch memory, register
tiles, unrolled bodies and tree reductions dissolve on the way. What has no such form raises `Unsummarised`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from xpiler.facts import sym
from xpiler.facts.rescaled import Relative, relative
from xpiler.facts.sym import FALSE, ONE, TRUE, ZERO, Sym
from xpiler.facts.writes import Unsummarised, Write, most, normal, one_sided, rolled_up, solve, supersedes
from xpiler.fault import NOWHERE
from xpiler.ir.nodes import (
    Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Call, Cast, Const, Expr, For, If, Kernel, Let,
    Load, Select, Stmt, Store, Unary, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_written, scalars_written, statements

UNROLL = 64
LARGEST = 200_000  # nodes of one value, counted as a tree
STEPS = 1_500_000  # of rewriting, for one kernel; sums across the 64 lanes of several waves take 1.3 million
KEPT = 64  # kernels whose summary is remembered


@dataclass
class Array:
    """An array's content: `base` (init, undef, prev, or lost) overlaid with writes, the latest last.

    `level` of a base "prev": of the loop at the start of whose iteration it was so."""

    base: str
    dtype: DType
    writes: list[Write] = field(default_factory=list)
    level: int = 0

    def copy(self) -> Array:
        return Array(self.base, self.dtype, list(self.writes), self.level)


_known: OrderedDict[Kernel, dict[str, list[Write]] | Unsummarised] = OrderedDict()


def summarise(kernel: Kernel) -> dict[str, list[Write]]:
    """The final writes to each global buffer of a sequential kernel (no barriers, intrinsics or returns)."""
    found = _known.get(kernel)
    if found is None:
        limit = sym.METER.allow(STEPS)
        try:
            found = _summarise(kernel)
        except Unsummarised as e:
            found = e
        except sym.Exhausted:
            found = Unsummarised("simplifying what it computes takes too long", kernel.span)
        finally:
            sym.METER.limit = limit
        _known[kernel] = found
        if len(_known) > KEPT:
            _known.popitem(last=False)
    if isinstance(found, Unsummarised):
        raise Unsummarised(found.why, found.span)
    return {name: list(writes) for name, writes in found.items()}


def _summarise(kernel: Kernel) -> dict[str, list[Write]]:
    machine = Machine(kernel)
    machine.body(kernel.body)
    outputs = {}
    for p in kernel.params:
        if isinstance(p, Buffer) and machine.arrays[p.name].base == "lost":
            raise Unsummarised(f"what `{p.name}` holds at the end is not known")
        if isinstance(p, Buffer) and machine.arrays[p.name].writes:
            outputs[p.name] = machine.arrays[p.name].writes
    for writes in outputs.values():
        for w in writes:
            for part in w.parts():
                if part.has & {"prev", "pld", "poison"}:
                    raise Unsummarised("a value is carried between iterations")
    return outputs


def always_runs(kernel: Kernel, trips: Expr) -> bool:
    """A loop of `trips` iterations runs at least once whenever the sizes are positive, as far as can be seen."""
    try:
        return sym.likely_le(ONE, Machine(kernel).value(trips))
    except Unsummarised:
        return False


def symbol(kernel: Kernel, e: Expr) -> Sym:
    """An index as a symbolic value inside a loop, over the loop variables around it and the kernel's scalars."""
    machine = Machine(kernel)
    for s in statements(kernel.body):
        if isinstance(s, For):
            if not (isinstance(s.start, Const) and s.start.value == 0 and s.step == Const(1, s.step.dtype)):
                raise Unsummarised(f"`{s.var.name}` does not count from 0 by 1", s.span)
            machine.scalars[s.var.name] = sym.var(s.var.name, machine.value(s.stop))
        elif isinstance(s, Let) and s.value is not None and not s.var.dtype.is_float:
            machine.scalars[s.var.name] = machine.value(s.value)
    return machine.value(e)


class Machine:
    """Symbolic state: scalars, arrays, and the condition under which the current statement runs."""

    def __init__(self, kernel: Kernel) -> None:
        self.scalars: dict[str, Sym] = {}
        self.level = 0  # how many loops are being summarised, one within the other
        self.arrays: dict[str, Array] = {}
        self.inner: set[str] = set()  # arrays the kernel declares itself
        self.wide: set[str] = set()  # 64-bit scalars that hold what a 32-bit integer held
        self.path = TRUE
        self.ends: dict[int, Sym] = {}  # what a loop goes on under, and the loop's variable
        self.span = NOWHERE
        for p in kernel.params:
            if isinstance(p, Buffer):
                self.arrays[p.name] = Array("init", p.dtype)
            else:
                self.scalars[p.name] = sym.var(p.name, None, p.dtype)

    # ------------------------------------------------------------ expressions

    def value(self, e: Expr) -> Sym:
        match e:
            case Const(v, dtype):
                return sym.boolean(bool(v)) if dtype is DType.BOOL else sym.number(v, dtype)
            case Var(name, dtype):
                if name not in self.scalars:
                    return sym.undefined(dtype)
                got = self.scalars[name]
                if got.op == "poison":
                    raise Unsummarised(f"`{name}` is used after a loop that may not set it", self.span)
                return got
            case Load(buffer, index, dtype):
                return self.read(buffer, self.value(index))
            case Unary(op, a, dtype):
                return sym.unary(op, self.value(a), dtype)
            case Binary(op, a, b, dtype):
                x, y = self.value(a), self.value(b)
                known = sym.is_const(y) and 0 < sym.value_of(y) < 32 and (bool(x.has & _DATA) or not _mixed(x))
                if op == ">>" and dtype is DType.U32 and known:
                    return sym.shifted_in_zeros(x, sym.value_of(y))
                if any(_wraps(op, e.dtype, s) and not self._widened(e) for e, s in ((a, x), (b, y))):
                    raise Unsummarised(f"`{op}` of {a.dtype} numbers that may not fit a signed one", self.span)
                if op == "<<" and dtype.bits == 32:
                    return sym.low_word(sym.binary(op, x, y, dtype))
                if op in ("&&", "||") or dtype is not DType.BOOL or x.dtype.is_float:
                    return sym.binary(op, x, y, dtype)
                return self.here(sym.compare(op, _as_int(x), _as_int(y)))
            case Select(c, a, b, _):
                cond = one_sided(self.here(self.value(c)))
                if sym.is_const(cond):
                    return self.value(a if sym.value_of(cond) else b)
                return sym.select(cond, self.value(a), self.value(b))
            case Cast(a, dtype):
                x = self.value(a)
                if dtype.is_float and a.dtype is DType.U32:
                    x = sym.cast(x, DType.U32)  # integers are signed here; as a number it is not
                return sym.cast(x, dtype)
            case Call(name, args, dtype):
                return sym.call(name, tuple(self.value(a) for a in args), dtype)
        raise Unsummarised(f"an expression of kind {type(e).__name__}", self.span)

    def _widened(self, e: Expr) -> bool:
        """Whether a 64-bit number is one that a signed 32-bit integer holds: it was one."""
        match e:
            case Var(name, DType.I64):
                return name in self.wide
            case Cast(a, DType.I64):
                return a.dtype.is_signed and a.dtype.bits <= 32 and not a.dtype.is_float
        return False

    def here(self, c: Sym) -> Sym:
        """c simplified by the path condition."""
        return sym.assume(c, self.path) if self.path is not TRUE else c

    def read(self, buffer: str, index: Sym) -> Sym:
        array = self.arrays[buffer]
        return self._resolve(buffer, array, len(array.writes) - 1, self.here(index))

    def _resolve(self, buffer: str, array: Array, last: int, index: Sym) -> Sym:
        self.afford(index)
        for n in range(last, -1, -1):
            w = array.writes[n]
            cond, mapping = solve(w, index)
            cond = self.here(cond)
            if cond is FALSE:
                continue
            value = sym.substitute(w.value, mapping) if mapping else w.value
            if cond is TRUE:
                return value
            older = self._resolve(buffer, array, n - 1, index)
            return sym.select(cond, value, older)
        match array.base:
            case "init":
                return sym.load(buffer, index, array.dtype)
            case "prev":
                return sym.previous_load(_at(buffer, array.level), index, array.dtype)
            case "lost":
                raise Unsummarised(f"what `{buffer}` holds after a loop is not known", self.span)
        return sym.undefined(array.dtype)

    # ------------------------------------------------------------ statements

    def body(self, stmts: Iterable[Stmt]) -> None:
        for s in stmts:
            if s.span.line:
                self.span = s.span
            self.statement(s)

    def statement(self, s: Stmt) -> None:
        match s:
            case Let(v, value):
                self.scalars[v.name] = (
                    sym.undefined(v.dtype) if value is None else _typed(self.value(value), v.dtype))
                (self.wide.add if value is not None and self._widened(value) else self.wide.discard)(v.name)
            case Assign(v, value):
                self.scalars[v.name] = _typed(self.value(value), v.dtype)
                self.wide.discard(v.name)
            case Store(buffer, index, value):
                dtype = self.arrays[buffer].dtype
                self.store(buffer, self.value(index), _typed(self.value(value), dtype))
            case Alloc(buffer, init):
                self.arrays[buffer.name] = Array("undef", buffer.dtype)
                self.inner.add(buffer.name)
                for n, e in enumerate(init):
                    self.store(buffer.name, sym.integer(n), _typed(self.value(e), buffer.dtype))
            case Atomic(op, buffer, index, value, None, None) if op in ("add", "max", "min"):
                i = self.value(index)
                dtype = self.arrays[buffer].dtype
                spelled = {"add": "+"}.get(op, op)
                self.store(buffer, i, sym.combine(spelled, self.read(buffer, i), self.value(value), dtype))
            case If():
                self.branch(s)
            case For():
                self.loop(s)
            case Barrier():
                pass
            case _:
                raise Unsummarised(f"a statement of kind {type(s).__name__}", s.span)

    def afford(self, value: Sym) -> None:
        """Give up on kernels whose closed form would be larger than anyone wants to read."""
        if value.size > LARGEST:
            raise Unsummarised("the closed form grows too large", self.span)

    def store(self, buffer: str, index: Sym, value: Sym) -> None:
        self.afford(value)
        array = self.arrays[buffer]
        new = Write((), self.here(index), self.path, value, self._more(buffer, index, value))
        while array.writes and supersedes(new, array.writes[-1]):
            array.writes.pop()
        if array.writes:
            rolled = rolled_up(array.writes[-1], new)
            if rolled is not None:
                array.writes[-1] = rolled
                return
        array.writes.append(new)

    def _more(self, buffer: str, index: Sym, value: Sym) -> tuple[str, Sym] | None:
        """What a value adds to one that an earlier statement of the same iteration left in the element."""
        array = self.arrays[buffer]
        if not self.level or array.base != "prev" or not array.writes:
            return None
        before = self.read(buffer, index)
        if before.op not in ("sel", "bin", "call"):
            return None
        held = sym.previous_load(f"~{buffer}", index, value.dtype)
        return _reduction(sym.rewrite(value, lambda n: held if n is before else None), held)

    def branch(self, s: If) -> None:
        chosen = self._chosen(s)
        if chosen is not None:
            self.statement(chosen)
            return
        cond = one_sided(self.here(_as_bool(self.value(s.cond))))
        if id(s) in self.ends and not _once_false(cond, self.ends[id(s)]):
            raise Unsummarised("a loop that ends where data says so", s.span)
        if sym.is_const(cond):
            self.body(s.then if sym.value_of(cond) else s.orelse)
            return
        outer, before = self.path, dict(self.scalars)
        self.path = sym.conjoin(outer, cond)
        self.body(s.then)
        then = self.scalars
        self.scalars = dict(before)
        self.path = sym.conjoin(outer, sym.negate(cond))
        self.body(s.orelse)
        self.path = outer
        for name in before:
            a, b = then[name], self.scalars[name]
            if a is not b:
                if "poison" in (a.op, b.op):
                    self.scalars[name] = _poison(a.dtype)
                else:
                    self.scalars[name] = sym.select(cond, a, b)

    def _chosen(self, s: If) -> Store | None:
        """`if (v > a[i]) a[i] = v` as a[i] = v > a[i] ? v : a[i]."""
        if s.orelse or len(s.then) != 1 or not isinstance(s.cond, Binary) or s.cond.op not in _ORDER:
            return None
        (store,) = s.then
        if not isinstance(store, Store) or store.buffer not in self.arrays:
            return None
        held = Load(store.buffer, store.index, self.arrays[store.buffer].dtype)
        if held not in (s.cond.a, s.cond.b) or store.value.dtype is not held.dtype:
            return None
        return replace(store, value=Select(s.cond, store.value, held, held.dtype))

    # ------------------------------------------------------------ loops

    def loop(self, s: For) -> None:
        start, stop, step = (self.value(e) for e in (s.start, s.stop, s.step))
        if not (step.lo > 0 or sym.likely_le(ONE, step)):
            raise Unsummarised("a loop whose step is not positive", s.span)
        by = step
        lowest = sym.bound(start, upper=False)
        if any(sym.bounded(v) for v in lowest.free) and start.lo > -float("inf"):
            lowest = sym.integer(int(start.lo))  # an extent that depends on no other loop; the guard says the rest
        limit = stop
        if any(sym.bounded(v) for v in stop.free):
            top = most(stop, frozenset(sym.conjuncts(self.path)))
            limit = sym.integer(int(top)) if top != float("inf") else sym.bound(stop, True)
        far = sym.sub(stop, start)
        if not any(sym.bounded(v) for v in far.free):
            lowest, limit = ZERO, far  # however far out it starts, it goes as far
        trips = sym.div(sym.sub(sym.add(limit, by), sym.add(lowest, ONE)), by)
        gap = self._at_most(far)
        if gap is not None and sym.is_const(by):
            trips = sym.integer(-(-gap // sym.value_of(by)))
        longest = most(far, frozenset(sym.conjuncts(self.path)))
        if longest != float("inf") and sym.is_const(by) and sym.is_const(trips):
            trips = sym.integer(min(sym.value_of(trips), max(-(-int(longest) // sym.value_of(by)), 0)))
        if sym.is_const(trips):
            if sym.value_of(trips) <= 0:
                return
            if sym.value_of(trips) == 1:
                self._iteration(s, start, stop)
                return
        saved = self._save()
        try:
            self.level += 1
            try:
                self._summarise_loop(s, start, stop, by, trips)
            finally:
                self.level -= 1
        except Unsummarised:
            if not sym.is_const(trips) or sym.value_of(trips) > UNROLL:
                raise
            self._restore(saved)
            for n in range(sym.value_of(trips)):
                self._iteration(s, sym.add(start, sym.scale(by, n)), stop)

    def _at_most(self, d: Sym) -> int | None:
        """A constant that d does not exceed here, by the path condition."""
        for p in sym.conjuncts(self.path):
            if p.op == "lt":
                gap = sym.sub(d, p.args[0])
                if sym.is_const(gap):
                    return max(sym.value_of(gap) - 1, 0)
        return None

    def _iteration(self, s: For, at: Sym, stop: Sym) -> None:
        outer = self.path
        guard = self.here(sym.compare("<", at, stop))
        if guard is FALSE:
            return
        before = dict(self.scalars)
        self.path = sym.conjoin(outer, guard)
        self.scalars[s.var.name] = at
        self.body(s.body)
        self.path = outer
        if guard is not TRUE:
            for name in before:
                if self.scalars[name] is not before[name]:
                    self.scalars[name] = sym.select(guard, self.scalars[name], before[name])

    def _save(self) -> tuple[dict[str, Sym], dict[str, Array], Sym]:
        return dict(self.scalars), {n: a.copy() for n, a in self.arrays.items()}, self.path

    def _restore(self, saved: tuple[dict[str, Sym], dict[str, Array], Sym]) -> None:
        self.scalars, self.path = dict(saved[0]), saved[2]
        self.arrays = {n: a.copy() for n, a in saved[1].items()}

    def _summarise_loop(self, s: For, start: Sym, stop: Sym, by: Sym, trips: Sym) -> None:
        s, end = _without_break(s)
        saved = self._save()
        scalars, arrays, outer = saved
        carried = [v.name for v in scalars_written(s.body) if v.name in scalars]
        stored = [b for b in buffers_written(s.body) if b in arrays]
        k = sym.fresh(s.var.name, trips)
        at = sym.add(start, sym.mul(k, by))
        guard = one_sided(sym.compare("<", at, stop))
        steps: dict[str, Sym] = {}
        while True:
            self._restore(saved)
            for name in carried:
                dtype = scalars[name].dtype
                self.scalars[name] = (
                    sym.add(scalars[name], sym.mul(k, steps[name])) if name in steps
                    else sym.previous(_at(name, self.level), dtype))
            for name in stored:
                self.arrays[name] = Array("prev", arrays[name].dtype, level=self.level)
            self.scalars[s.var.name] = at
            self.path = sym.conjoin(outer, guard)
            if end is not None:
                self.ends[id(end)] = k
            self.body(s.body)
            self.ends.pop(id(end), None)
            left = (n for n in carried if n not in steps)
            found = {n: c for n in left if (c := _induction(_at(n, self.level), self.scalars[n], k))}
            if not found:
                break
            steps |= found
        after = {n: self.scalars[n] for n in carried}
        writes = {n: self.arrays[n].writes for n in stored}
        lost = frozenset(n for n in stored if self.arrays[n].base == "lost")
        self._restore(saved)
        if outer is not TRUE and self.here(guard) is TRUE:
            guard = TRUE
        summary = _Loop(self, self.level, k, start, trips, guard, s, after, writes, steps, lost)
        new_scalars, new_writes = summary.close()
        self.scalars.update(new_scalars)
        for name, more in new_writes.items():
            array = self.arrays[name]
            if more is None:
                self.arrays[name] = Array("lost", array.dtype)
                continue
            for w in more:
                while array.writes and supersedes(w, array.writes[-1]):
                    array.writes.pop()
                array.writes.append(w)


@dataclass
class _Loop:
    """One loop being closed: the state after a symbolic iteration k, to be quantified over k."""

    machine: Machine
    level: int
    k: Sym
    first: Sym
    trips: Sym
    guard: Sym
    loop: For
    after: dict[str, Sym]
    writes: dict[str, list[Write]]
    steps: dict[str, Sym]
    lost: frozenset[str]  # arrays of which nothing is known after a loop within
    asked: set[str] = field(default_factory=set)  # arrays for whose content an answer is being sought

    def close(self) -> tuple[dict[str, Sym], dict[str, list[Write] | None]]:
        scalars: dict[str, Sym] = {}
        folds: dict[str, tuple[str, Sym]] = {}
        relatives: dict[str, tuple[str, Relative]] = {}
        for name, value in self.after.items():
            old = self.machine.scalars[name]
            if name in self.steps:
                total = sym.add(old, sym.mul(self.trips, self.steps[name]))
                if self.guard is not TRUE:
                    scalars[name] = _poison(value.dtype)
                else:  # of a loop that starts at 0, no size makes the number of iterations negative
                    scalars[name] = total if self.first.hi <= 0 else self._if_any(total, old)
            elif value.op == "prev" and value.data == _at(name, self.level):
                continue
            elif not self._carried(value):
                scalars[name] = self._last(value, old)
            else:
                form = _reduction(value, sym.previous(_at(name, self.level), value.dtype))
                if form is not None and not self._carried(form[1]):
                    folds[name] = form
                    continue
                found = self._relative(name, value)
                if found is None:
                    raise Unsummarised(f"`{name}` is carried between iterations", self.loop.span)
                relatives[name] = found
        self._answer_previous()
        for name, value in list(scalars.items()):
            if name not in self.steps and value.op != "poison":
                scalars[name] = self._last(self.after[name], self.machine.scalars[name])
        for name, (op, term) in folds.items():
            term = self._ready(term)
            scalars[name] = self._fold(op, term, self.machine.scalars[name])
        for name, (top, kept) in relatives.items():
            if top not in folds:
                raise Unsummarised(f"`{name}` is carried between iterations", self.loop.span)
            before, after, init = self.machine.scalars[top], scalars[top], self.machine.scalars[name]
            term = self._ready(kept.at(after))
            scalars[name] = self._fold("+", term, kept.moved(init, before, after))
        return scalars, {name: self._quantify(name) for name in self.writes}

    def _relative(self, name: str, value: Sym) -> tuple[str, Relative] | None:
        """The running maximum that a scalar is kept relative to, and what an iteration adds."""
        old = sym.previous(_at(name, self.level), value.dtype)
        for top, new in self.after.items():
            before = sym.previous(_at(top, self.level), new.dtype)
            form = _reduction(new, before) if top != name and new.dtype.is_float else None
            if form is None or form[0] != "max" or self._carried(form[1]):
                continue
            found = relative(value, old, before, new)
            if found is not None and not self._carried(found.rest):
                return top, found
        return None

    def _carried(self, value: Sym) -> bool:
        """A value needs what a scalar held when this iteration began."""
        return "prev" in value.has and bool(
            sym.collect(value, lambda n: n.op == "prev" and _name(n, self.level) is not None))

    def _scratch(self, name: str) -> bool:
        """Nobody outside the kernel sees this array."""
        return self.machine.arrays[name].base in ("undef", "lost") or name in self.machine.inner

    def _last(self, value: Sym, old: Sym) -> Sym:
        """A value that every iteration sets anew, after the loop; `old` where there was none."""
        if self.guard is not TRUE or value.has & {"pld"} or old.op == "poison":
            return _poison(value.dtype)
        return self._if_any(sym.substitute(value, {self.k: sym.sub(self.trips, ONE)}), old)

    def _runs(self) -> Sym:
        """There is an iteration. A parallel loop whose iterations write the same elements is a grid: launching none is
        an error of its caller's."""
        if self.loop.kind == "parallel":
            return TRUE
        return self.machine.here(sym.compare("<", ZERO, self.trips))

    def _if_any(self, value: Sym, old: Sym) -> Sym:
        """`value` if there is an iteration; nobody may ask for what was never set."""
        return value if old.op == "undef" else sym.select(self._runs(), value, old)

    def _fold(self, op: str, term: Sym, init: Sym) -> Sym:
        if self.guard is not TRUE:
            term = sym.select(self.guard, term, sym.identity_of(op, init.dtype))
        return sym.fold(op, [self.k], term, init, init.dtype)

    def _answer_previous(self) -> None:
        """Replace reads of an array's content before the iteration by reads of its content before the loop."""
        for name in self.writes:
            self.after = {n: self._ready(v, name) if n not in self.steps else v
                          for n, v in self.after.items()}

    def _ready(self, value: Sym, only: str | None = None) -> Sym:
        if "pld" not in value.has:
            return value

        def rule(n: Sym) -> Sym | None:
            name = _name(n, self.level) if n.op == "pld" else None
            if name in self.writes and only in (None, name):
                return self._before(str(name), n.args[0])
            return None

        return sym.rewrite(value, rule)

    def _before(self, name: str, index: Sym) -> Sym:
        """What name[index] held when this iteration began, in terms of the state before the loop."""
        if name in self.lost:
            raise Unsummarised(f"what `{name}` holds after a loop has no closed form", self.loop.span)
        if self.loop.kind != "parallel":
            handed = self._handed_on(name, index)
            if handed is not None:
                return handed
            if not all(self._untouched(w, index) for w in self.writes[name]):
                raise Unsummarised(f"`{name}` carries values between iterations", self.loop.span)
        return self.machine.read(name, index)

    def _handed_on(self, name: str, index: Sym) -> Sym | None:
        """What every iteration but the last leaves in name[index] for the next one, which was fetched ahead."""
        if len(self.writes[name]) != 1 or self.guard is not TRUE or name in self.asked:
            return None
        (w,) = self.writes[name]
        if self.k in w.index.free:
            return None
        cond, mapping = solve(Write(w.vars, w.index, TRUE, ZERO), index)
        if cond is not TRUE:
            return None
        self.asked.add(name)
        try:
            value, guard = (self._ready(sym.substitute(x, mapping)) for x in (w.value, w.guard))
        finally:
            self.asked.discard(name)
        earlier, later = {self.k: sym.sub(self.k, ONE)}, sym.compare("<", ZERO, self.k)
        if self._carried(value) or sym.assume(sym.substitute(guard, earlier), later) is not TRUE:
            return None
        first = self.machine.read(name, index)
        handed = sym.substitute(value, earlier)
        return handed if sym.substitute(handed, {self.k: ZERO}) is first else sym.select(later, handed, first)

    def _untouched(self, w: Write, index: Sym) -> bool:
        """No earlier iteration wrote index."""
        earlier = sym.fresh("e", self.trips)
        apart = {v: sym.fresh("v", sym.extent_of(v)) for v in w.vars}
        if _never_meet(sym.substitute(w.index, {self.k: earlier, **apart}), index):
            return True
        cond, mapping = solve(Write((earlier, *w.vars), sym.substitute(w.index, {self.k: earlier}),
                                    sym.substitute(w.guard, {self.k: earlier}), ZERO), index)
        if cond is FALSE:
            return True
        when = mapping.get(earlier)
        return when is not None and sym.compare("<", when, self.k) is FALSE

    def _quantify(self, name: str) -> list[Write] | None:
        """The writes of the whole loop; None if what a scratch array holds afterwards has no closed form."""
        if name in self.lost:
            return None
        try:
            return self._quantified(name)
        except Unsummarised:
            if self._scratch(name):
                return None
            raise

    def _quantified(self, name: str) -> list[Write]:
        found = self._merged(name)
        self._in_order(name, [w for w, _ in found])
        out = []
        for w, form in found:
            if isinstance(form, _Kept):
                out.append(self._kept_relative(name, w, form))
                continue
            if form is not None:
                out.append(self._accumulated(name, w, *form))
                continue
            value, guard = self._ready(w.value), self._ready(w.guard)
            if self._carried(value) or self._carried(guard):
                raise Unsummarised("a stored value is carried between iterations", self.loop.span)
            index = self._ready(w.index)
            if self.k in index.free:
                only = self._pinned(guard)
                guard = guard if only is None else sym.conjoin(guard, self._among(only))
                out.append(normal(Write((*w.vars, self.k), index, guard, value)))
            else:
                out.append(self._overwritten(Write(w.vars, index, guard, value)))
        return out

    def _merged(self, name: str) -> list[tuple[Write, tuple[str, Sym] | _Kept | None]]:
        """The writes of an iteration, with (op, term) where they accumulate: those into the same elements as one.

        Each value is in terms of what the iteration found, so where a later one is made, it has the earlier in it."""
        out: list[tuple[Write, tuple[str, Sym] | _Kept | None]] = []
        for w in self.writes[name]:
            w = _over(out[-1][0].vars, out[-1][0].index, w) if out else w
            form: tuple[str, Sym] | _Kept | None = None
            if self.k not in w.index.free:
                form = _reduction(w.value, sym.previous_load(_at(name, self.level), w.index, w.value.dtype))
                if form is not None and not self._elsewhere(name, form[1]):
                    form = None
                form = form or self._kept_to(name, w)
            n = _earlier(out, w)
            before, earlier = out[n] if n is not None else (w, None)
            if n is not None and isinstance(earlier, tuple) and w.more is not None and earlier[0] == w.more[0]:
                op, dtype = w.more[0], w.value.dtype
                nothing = sym.identity_of(op, dtype)
                first = sym.select(before.guard, earlier[1], nothing)
                term = sym.combine(op, first, sym.select(w.guard, w.more[1], nothing), dtype)
                out[n] = replace(w, guard=TRUE, more=None), (op, term)
            elif n is not None and isinstance(form, tuple) and isinstance(earlier, tuple) and earlier[0] == form[0]:
                op, dtype = form[0], w.value.dtype
                either = sym.select(before.guard, earlier[1], sym.identity_of(op, dtype))
                out[n] = replace(w, guard=TRUE), (op, sym.select(w.guard, form[1], either))
            else:
                out.append((w, form))
        return out

    def _elsewhere(self, name: str, term: Sym) -> bool:
        """What a term reads of the array it is accumulated into is never written by the loop."""
        fresh = [{v: sym.fresh("v", sym.extent_of(v)) for v in (self.k, *w.vars)} for w in self.writes[name]]
        apart = [sym.substitute(w.index, m) for w, m in zip(self.writes[name], fresh, strict=True)]
        read = sym.collect(term, lambda n: n.op == "pld" and n.data == _at(name, self.level))
        return all(_never_meet(index, n.args[0]) for n in read for index in apart)

    def _kept_to(self, name: str, w: Write) -> _Kept | None:
        """The running maximum, of a scalar or of an array's elements, that the elements of a write are relative to."""
        old = sym.previous_load(_at(name, self.level), w.index, w.value.dtype)
        if "call" not in w.value.has:
            return None
        for before in sym.collect(w.value, lambda n: n.op in ("prev", "pld") and n.dtype.is_float and n is not old):
            top = _name(before, self.level)
            if before.op == "prev" and top in self.after:
                new, init = self.after[top], self.machine.scalars[top]
            elif before.op == "pld" and top in self.writes and len(self.writes[top]) == 1:
                (maker,) = self.writes[top]
                cond, mapping = solve(maker, before.args[0])
                if self.k in maker.index.free or sym.assume(cond, w.guard) is not TRUE:
                    continue
                new, init = sym.substitute(maker.value, mapping), self.machine.read(top, before.args[0])
            else:
                continue
            form = _reduction(new, before)
            if form is None or form[0] != "max" or _uses(form[1], before):
                continue
            found = relative(w.value, old, before, new)
            if found is not None and not _mentions(found.rest, "pld", _at(name, self.level)):
                return _Kept(found, init, form[1])
        return None

    def _kept_relative(self, name: str, w: Write, form: _Kept) -> Write:
        if self.guard is not TRUE or self.k in w.guard.free or self._carried(form.form.rest):
            raise Unsummarised("a sum relative to a maximum that not all iterations take part in", self.loop.span)
        init = self.machine.read(name, w.index)
        if "undef" in (init.op, form.init.op) or self._carried(form.term):
            raise Unsummarised(f"`{name}` is accumulated into before it is set", self.loop.span)
        top = self._fold("max", self._ready(form.term), form.init)
        value = self._fold("+", self._ready(form.form.at(top)), form.form.moved(init, form.init, top))
        return normal(Write(w.vars, w.index, w.guard, value))

    def _in_order(self, name: str, writes: list[Write]) -> None:
        """All iterations of a write may come before all of a later one in the body: none undoes what the later one did
        in an iteration before."""
        if self.loop.kind == "parallel":
            return
        for n, w in enumerate(writes):
            if not all(self._untouched(later, w.index) for later in writes[n + 1 :]):
                raise Unsummarised(f"iterations write to `{name}` over each other's elements", self.loop.span)

    def _accumulated(self, name: str, w: Write, op: str, term: Sym) -> Write:
        mine = [c for c in sym.conjuncts(w.guard) if self.k in c.free]
        rest = [c for c in sym.conjuncts(w.guard) if self.k not in c.free]
        term = self._ready(term)
        if mine:
            term = sym.select(sym.conjoin(*mine), term, sym.identity_of(op, w.value.dtype))
        init = self.machine.read(name, w.index)
        if init.op == "undef":
            raise Unsummarised(f"`{name}` is accumulated into before it is set", self.loop.span)
        value = sym.fold(op, [self.k], term, init, w.value.dtype)
        return normal(Write(w.vars, w.index, sym.conjoin(*rest), value))

    def _pinned(self, guard: Sym) -> Sym | None:
        """The one iteration in which a condition can hold, if it says so itself."""
        for c in sym.conjuncts(guard):
            if c.op == "eq" and self.k in c.free:
                const, terms = sym.terms_of(c.args[0])
                if terms.get(self.k) in (1, -1):
                    return sym.scale(sym.linear(const, {a: f for a, f in terms.items() if a is not self.k}),
                                     -terms[self.k])
        return None

    def _among(self, iteration: Sym) -> Sym:
        """There is such an iteration."""
        if iteration is ZERO:
            return self._runs()
        return self.machine.here(sym.conjoin(
            sym.compare("<=", ZERO, iteration), sym.compare("<", iteration, self.trips)))

    def _overwritten(self, w: Write) -> Write:
        """Every iteration writes the same elements: the last one counts."""
        fixed = {c for c in sym.conjuncts(w.guard) if self.k in c.free}
        if not fixed:
            last = w.at({self.k: sym.sub(self.trips, ONE)})
            return Write(last.vars, last.index, sym.conjoin(last.guard, self._runs()), last.value)
        only = self._pinned(w.guard)
        if only is not None:
            w = w.at({self.k: only})
            return replace(w, guard=sym.conjoin(w.guard, self._among(only)))
        if self.loop.kind == "parallel" and self.k not in w.value.free:
            raise Unsummarised("iterations write the same element", self.loop.span)
        raise Unsummarised("which iteration writes last is not known", self.loop.span)


@dataclass(frozen=True)
class _Kept:
    """Elements that are relative to a running maximum: what an iteration adds, what the maximum begins with, and the
    term each iteration brings to it."""

    form: Relative
    init: Sym
    term: Sym


# ---------------------------------------------------------------- small questions


def _without_break(s: For) -> tuple[For, If | None]:
    """`if (c) break; rest` as `if (!c) rest`, and that statement: the same where a c that holds keeps holding."""
    for n, x in enumerate(s.body):
        if isinstance(x, If) and x.then and isinstance(x.then[0], Break) and not x.orelse:
            rest = If(Unary("!", x.cond, DType.BOOL), s.body[n + 1:])
            return replace(s, body=(*s.body[:n], rest)), rest
    return s, None


def _once_false(cond: Sym, k: Sym) -> bool:
    """A condition that does not hold in an iteration holds in none after it."""
    if cond.op != "lt":
        return k not in cond.free
    _, terms = sym.terms_of(cond.args[0])
    return terms.get(k, 0) >= 0 and not any(k in a.free for a in terms if a is not k)


def _poison(dtype: DType) -> Sym:
    return sym.make("poison", (), None, dtype)


def _typed(x: Sym, dtype: DType) -> Sym:
    if x.op == "undef" or x.dtype is dtype:
        return x
    if not x.dtype.is_float and not dtype.is_float and DType.BOOL not in (x.dtype, dtype):
        return sym.cast(x, dtype) if dtype.bits < 32 else x
    return sym.cast(x, dtype)


_ORDER = frozenset({"<", "<=", ">", ">="})
_TELLING = frozenset({">>", "/", "%", "&", "<", "<=", ">", ">="})  # what depends on how a number is read
_DATA = frozenset({"ld", "pld", "call", "fold"})


def _wraps(op: str, dtype: DType, x: Sym) -> bool:
    """Whether an operand is not the same number as a signed 32-bit integer: data, or what is mixed as for a hash."""
    if dtype not in (DType.U32, DType.I64, DType.U64) or op not in _TELLING:
        return False
    if not x.has & _DATA and not (dtype is DType.U32 and _mixed(x)):
        return False
    return not (x.lo >= -(1 << 31) and x.hi < 1 << 31)


def _mixed(x: Sym) -> bool:
    """Whether a sum has factors larger than strides are."""
    const, terms = sym.terms_of(x)
    return any(abs(c) >= 1 << 20 for c in (const, *terms.values()))


def _as_int(x: Sym) -> Sym:
    return sym.select(x, ONE, ZERO) if x.dtype is DType.BOOL and x.op != "int" else x


def _as_bool(x: Sym) -> Sym:
    return x if x.dtype is DType.BOOL else sym.negate(sym.compare("==", x, ZERO))


def _never_meet(a: Sym, b: Sym) -> bool:
    """Two indices differ whatever their variables are: one is larger, or what is left of the difference beside the
    multiples of some number reaches no multiple of it."""
    apart = sym.sub(a, b)
    const, terms = sym.terms_of(apart)
    if not terms:
        return const != 0
    if apart.lo > 0 or apart.hi < 0:
        return True
    for by in {abs(c) for c in terms.values()} - {1}:
        rest = [(t, c) for t, c in terms.items() if c % by]
        low = const + sum(min(c * t.lo, c * t.hi) for t, c in rest)
        high = const + sum(max(c * t.lo, c * t.hi) for t, c in rest)
        if -float("inf") < low and high < float("inf") and high // by * by < low:
            return True
    return False


def _earlier(found: list[tuple[Write, Any]], w: Write) -> int | None:
    """The last of some writes to the elements that w writes, if none after it touches any of these."""
    for n in range(len(found) - 1, -1, -1):
        before = found[n][0]
        if before.vars == w.vars and before.index is w.index and before.value.dtype is w.value.dtype:
            return n
        if before.vars or w.vars or not sym.is_const(gap := sym.sub(before.index, w.index)) or gap is ZERO:
            return None
    return None


def _over(vars_: tuple[Sym, ...], index: Sym, w: Write) -> Write:
    """w in terms of these variables, where that makes it a write to this index; else w."""
    if w.vars == vars_ or len(w.vars) != len(vars_):
        return w
    if any(sym.extent_of(a) is not sym.extent_of(b) for a, b in zip(w.vars, vars_, strict=True)):
        return w
    names = dict(zip(w.vars, vars_, strict=True))
    if sym.substitute(w.index, names) is not index:
        return w
    more = None if w.more is None else (w.more[0], sym.substitute(w.more[1], names))
    return Write(vars_, index, sym.substitute(w.guard, names), sym.substitute(w.value, names), more)


def _at(name: str, level: int) -> str:
    """What a scalar or an array is called as it was when an iteration of a loop this deep began."""
    return f"{name}@{level}"


def _name(n: Sym, level: int) -> str | None:
    """The scalar or array that a "prev" or "pld" of a loop this deep is about; None for one of another loop."""
    name, _, deep = str(n.data).rpartition("@")
    return name if deep == str(level) else None


def _mentions(x: Sym, op: str, data: str) -> bool:
    return op in x.has and bool(sym.collect(x, lambda n: n.op == op and n.data == data))


def _induction(name: str, value: Sym, k: Sym) -> Sym | None:
    """The constant step of a scalar that only ever advances by it."""
    if value.dtype.is_float or value.dtype is DType.BOOL:
        return None
    step = sym.sub(value, sym.previous(name, value.dtype))
    if step is ZERO or k in step.free or step.has & {"prev", "pld", "ld", "fold", "undef"}:
        return None
    return step


def _reduction(value: Sym, old: Sym) -> tuple[str, Sym] | None:
    """(op, e) with value = old op e and e free of old."""
    if value.op == "sel":
        cond, *sides = value.args
        forms = [None if side is old else _reduction(side, old) for side in sides]
        ops = {form[0] for form in forms if form is not None}
        lost = any(form is None and side is not old for form, side in zip(forms, sides, strict=True))
        if lost or len(ops) != 1 or _uses(cond, old):
            return None
        (op,) = ops
        one, other = (sym.identity_of(op, value.dtype) if form is None else form[1] for form in forms)
        return op, sym.select(cond, one, other)
    if value.op == "call" and value.data in ("max", "min"):
        return _spine(value, old, str(value.data))
    if value.op == "bin" and value.data in ("+", "*"):
        return _spine(value, old, str(value.data))
    if value.op == "bin" and value.data == "-" and value.args[0].op in ("bin", old.op):
        a, b = value.args
        left = ("+", sym.number(0.0, value.dtype)) if a is old else _spine(a, old, "+")
        if left is None or left[0] != "+" or _uses(b, old):
            return None
        return "+", sym.combine("+", left[1], sym.unary("-", b, value.dtype), value.dtype)
    if value.op == "fold" and value.args[1].has:
        op, init = sym.fold_op(value), value.args[1]
        inner = None if init is old else _reduction(init, old)
        if init is not old and (inner is None or inner[0] != op) or _uses(value.args[0], old):
            return None
        bare = sym.fold(op, sym.fold_vars(value), value.args[0], sym.identity_of(op, value.dtype), value.dtype)
        return op, bare if inner is None else sym.combine(op, inner[1], bare, value.dtype)
    if value.op == "lin":
        const, terms = sym.terms_of(value)
        if terms.get(old) == 1:
            rest = sym.linear(const, {a: c for a, c in terms.items() if a is not old})
            return None if _uses(rest, old) else ("+", rest)
    if value.op == "call" and value.data == "fma":
        a, b, c = value.args
        inner = None if c is old or not c.has else _reduction(c, old)
        if not _uses(a, old) and not _uses(b, old) and (c is old or inner is not None and inner[0] == "+"):
            product = sym.binary("*", a, b, value.dtype)
            return "+", product if inner is None else sym.combine("+", inner[1], product, value.dtype)
    return None


def _spine(value: Sym, old: Sym, op: str) -> tuple[str, Sym] | None:
    rest: list[Sym] = []
    count = 0
    stack = [value]
    while stack:
        n = stack.pop()
        if n is old:
            count += 1
        elif (n.op in ("bin", "call") and n.data == op) and _uses(n, old):
            stack.extend(reversed(n.args))
        elif _uses(n, old):
            inner = _reduction(n, old)
            if inner is None or inner[0] != op:
                return None
            count += 1
            rest.append(inner[1])
        else:
            rest.append(n)
    if count != 1 or not rest:
        return None
    term = rest[0]
    for r in rest[1:]:
        term = sym.reduce_pair(op, term, r, value.dtype)
    return op, term


def _uses(x: Sym, old: Sym) -> bool:
    return old.op in x.has and bool(sym.collect(x, lambda n: n is old))
