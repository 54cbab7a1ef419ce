"""What a sequential kernel computes: each output element as an expression over the kernel's inputs.

Statements are executed on symbolic values. A loop is summarised from one symbolic iteration: a scalar or an element
that is only ever `x = x op e` becomes a fold; an array written at an index that identifies the iteration becomes a
quantified write; reads of arrays are answered by the writes that cover them. Copies through scratch memory, register
tiles, unrolled bodies and tree reductions dissolve on the way. What has no such form raises `Unsummarised`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from xpiler.facts import sym
from xpiler.facts.closing import Loop, at_level, poison
from xpiler.facts.reductions import Advance, Turn, induction
from xpiler.facts.deferred import Deferred
from xpiler.facts.rescaled import merged
from xpiler.facts.row_parts import in_a_piece
from xpiler.facts.strides import chunks, nests, taken_apart, turn
from xpiler.facts.sym import FALSE, ONE, TRUE, ZERO, Sym
from xpiler.facts.decided import most, one_sided
from xpiler.facts.solving import supersedes
from xpiler.facts.state import Array, State
from xpiler.facts.typed import as_bool, typed
from xpiler.facts.writes import Unsummarised, Write
from xpiler.ir.nodes import (
    Alloc, Assign, Atomic, Barrier, Binary, Break, Buffer, Const, Expr, For, If, Kernel, Let,
    Load, Select, Stmt, Store, Unary,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import buffers_written, scalars_written, statements

UNROLL = 64
FEW = 16  # iterations of a loop after which something is lost: taken one after the other, it may not be
STEPS = 1_500_000  # of rewriting, for one kernel
PATIENCE = 40_000  # steps in looking for shorter values than are found
_ORDER = frozenset({"<", "<=", ">", ">="})
KEPT = 64  # kernels whose summary is remembered

_known: OrderedDict[Kernel, dict[str, list[Write]] | Unsummarised] = OrderedDict()


def summarise(kernel: Kernel) -> dict[str, list[Write]]:
    """The final writes to each global buffer of a sequential kernel (no barriers, intrinsics or returns)."""
    found = _known.get(kernel)
    if found is None:
        short = Short()
        found = _shortest(kernel, short)
        if isinstance(found, Unsummarised) and short.left:
            again = _shortest(kernel, Short(taken=True))
            found = found if isinstance(again, Unsummarised) else again
        _known[kernel] = found
        if len(_known) > KEPT:
            _known.popitem(last=False)
    if isinstance(found, Unsummarised):
        raise Unsummarised(found.why, found.span)
    return {name: list(writes) for name, writes in found.items()}


@dataclass
class Short:
    """Whether loops of few iterations after which an array is lost are taken iteration by iteration, which makes the
    outputs longer; `left`: some were not."""

    taken: bool = False
    left: bool = False


def _shortest(kernel: Kernel, short: Short) -> dict[str, list[Write]] | Unsummarised:
    """The values as they are found last first, which takes few steps, or put in at once, whichever is shorter."""
    machine = Machine(kernel, Deferred(), short)
    before = sym.METER.spent
    late = _tried(kernel, machine, STEPS)
    if not machine.deferred or not machine.deferred.values:
        return late
    failed = isinstance(late, Unsummarised)
    more = STEPS // 3 if failed else max(PATIENCE, 10 * (sym.METER.spent - before))
    soon = _tried(kernel, Machine(kernel, short=short), more)
    if isinstance(late, Unsummarised) or not isinstance(soon, Unsummarised) and _length(soon) <= _length(late):
        return soon
    return late


def _tried(kernel: Kernel, machine: Machine, steps: int) -> dict[str, list[Write]] | Unsummarised:
    limit = sym.METER.allow(steps)
    try:
        return _summarised(kernel, machine)
    except Unsummarised as e:
        return e
    except sym.Exhausted:
        return Unsummarised("simplifying what it computes takes too long", kernel.span)
    finally:
        sym.METER.limit = limit


def _summarised(kernel: Kernel, machine: Machine) -> dict[str, list[Write]]:
    machine.body(kernel.body)
    outputs = {}
    for p in kernel.params:
        if isinstance(p, Buffer) and machine.arrays[p.name].base == "lost":
            raise Unsummarised(f"what `{p.name}` holds at the end is not known")
        if isinstance(p, Buffer) and machine.arrays[p.name].writes:
            outputs[p.name] = in_a_piece([machine.final(w) for w in machine.arrays[p.name].writes])
    for writes in outputs.values():
        for w in writes:
            for part in w.parts():
                if part.has & {"prev", "pld", "poison"}:
                    raise Unsummarised("a value is carried between iterations")
    return outputs


def _length(outputs: dict[str, list[Write]]) -> int:
    """How long the values are that outputs get."""
    return sum(w.value.size + w.guard.size for writes in outputs.values() for w in writes)


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


class Machine(State):
    """A kernel's state as its statements leave it."""

    def __init__(self, kernel: Kernel, deferred: Deferred | None = None, short: Short | None = None) -> None:
        super().__init__(kernel, deferred)
        self.short = short or Short(taken=True)
        self.ends: dict[int, Sym] = {}  # what a loop goes on under, and the loop's variable

    def body(self, stmts: Iterable[Stmt]) -> None:
        for s in stmts:
            if s.span.line:
                self.span = s.span
            self.statement(s)

    def statement(self, s: Stmt) -> None:
        match s:
            case Let(v, value):
                self.scalars[v.name] = (
                    sym.undefined(v.dtype) if value is None else typed(self.value(value), v.dtype))
                (self.wide.add if value is not None and self._widened(value) else self.wide.discard)(v.name)
            case Assign(v, value):
                self.scalars[v.name] = merged(typed(self.value(value), v.dtype))
                self.wide.discard(v.name)
            case Store(buffer, index, value):
                dtype = self.arrays[buffer].dtype
                self.store(buffer, self.value(index), merged(typed(self.value(value), dtype)))
            case Alloc(buffer, init):
                self.arrays[buffer.name] = Array("undef", buffer.dtype)
                self.inner.add(buffer.name)
                for n, e in enumerate(init):
                    self.store(buffer.name, sym.integer(n), typed(self.value(e), buffer.dtype))
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

    def branch(self, s: If) -> None:
        chosen = self._chosen(s)
        if chosen is not None:
            self.statement(chosen)
            return
        cond = one_sided(self.here(as_bool(self.value(s.cond))))
        if id(s) in self.ends and not _once_false(cond, self.ends[id(s)]):
            raise Unsummarised("a loop that ends where data says so", s.span)
        if sym.is_const(cond):
            self.body(s.then if sym.value_of(cond) else s.orelse)
            return
        outer, before = self._save(), dict(self.scalars)
        self.path = sym.conjoin(outer[2], cond)
        self.body(s.then)
        then = self.scalars
        added = any(then[n] is not v and "fold" in then[n].has and v.op != "undef" for n, v in before.items())
        loops = not s.orelse and any(isinstance(x, For) for x in statements(s.then))
        if added and loops and self._idle(s.then, sym.negate(cond), outer):
            self._restore(outer)
            self.body(s.then)
            return
        self.scalars = dict(before)
        self.path = sym.conjoin(outer[2], sym.negate(cond))
        self.body(s.orelse)
        self.path = outer[2]
        for name in before:
            a, b = then[name], self.scalars[name]
            if a is not b:
                if "poison" in (a.op, b.op):
                    self.scalars[name] = poison(a.dtype)
                else:
                    self.scalars[name] = merged(sym.select(cond, a, b))

    def _idle(
        self, body: tuple[Stmt, ...], where: Sym, at: tuple[dict[str, Sym], dict[str, Array], Sym]
    ) -> bool:
        """Whether statements do nothing where something holds: what is left over, where nothing is left."""
        now = self._save()
        self._restore(at)
        self.path = sym.conjoin(at[2], where)
        try:
            self.body(body)
            return all(self.scalars[n] is v for n, v in at[0].items()) and self.arrays == at[1]
        except Unsummarised:
            return False
        finally:
            self._restore(now)

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
        if not (step.lo > 0 or _over_all(start, step) or sym.likely_le(ONE, step)):
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
        elif "ld" in far.has or any(sym.bounded(v) for v in sym.sub(limit, lowest).free):
            lowest, limit = ZERO, _furthest(far)  # as far for all threads, or all that read the same ends
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
            if self._lost() - _lost_in(saved[1]):
                few = sym.is_const(trips) and sym.value_of(trips) <= FEW
                self.short.left |= few and not self.short.taken
                few = few and self.short.taken
                self._less_lost(s, saved, (lambda: self._unrolled(s, start, stop, by, trips)) if few else None)
            if any(map(_by_length, (w for a in self.arrays.values() for w in a.writes))):
                after = self._save()
                if not self._as_whole_chunks(s, far, saved):
                    self._restore(after)
        except Unsummarised:
            if self._as_nest(s, saved) or self._as_whole_chunks(s, far, saved):
                return
            if not sym.is_const(trips) or sym.value_of(trips) > UNROLL:
                raise
            self._restore(saved)
            self._unrolled(s, start, stop, by, trips)

    def _unrolled(self, s: For, start: Sym, stop: Sym, by: Sym, trips: Sym) -> None:
        for n in range(sym.value_of(trips)):
            self._iteration(s, sym.add(start, sym.scale(by, n)), stop)

    def _lost(self) -> set[str]:
        """The arrays of which nothing is known."""
        return _lost_in(self.arrays)

    def _less_lost(
        self, s: For, before: tuple[dict[str, Sym], dict[str, Array], Sym], unrolled: Callable[[], None] | None
    ) -> None:
        """Keep to what is known after the loop, or to what is known after it as two nested ones, or as iterations one
        after the other, where that is more."""
        after, lost = self._save(), self._lost()
        if self._as_nest(s, before) and len(self._lost()) < len(lost):
            return
        self._restore(before)
        if unrolled is None or not self._within(STEPS // 10, unrolled) or len(self._lost()) >= len(lost):
            self._restore(after)

    def _within(self, steps: int, do: Callable[[], None]) -> bool:
        """Whether something has a form, and is found in so many steps of rewriting."""
        limit = sym.METER.allow(steps)
        try:
            do()
        except (Unsummarised, sym.Exhausted):
            return False
        finally:
            sym.METER.limit = limit
        return True

    def _as_nest(self, s: For, saved: tuple[dict[str, Sym], dict[str, Array], Sym]) -> bool:
        """Whether the loop was summarised as two nested ones."""
        for nest in nests(s):
            self._restore(saved)
            try:
                self.loop(nest)
                return True
            except Unsummarised:
                continue
        return False

    def _as_whole_chunks(self, s: For, far: Sym, saved: tuple[dict[str, Sym], dict[str, Array], Sym]) -> bool:
        """Whether a loop over chunks was summarised as one over whole chunks, and what is left for the last one."""
        parted = chunks(s, far)
        if parted is None:
            return False
        self._restore(saved)
        loop, rest, known = parted
        self.scalars |= known
        try:
            self.loop(loop)
            self.branch(rest)
        except Unsummarised:
            return False
        for name in known:
            del self.scalars[name]
        return True

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
        i = sym.fresh(s.var.name, stop)
        mine = turn(i, start, by) if taken_apart(s) and not start.free & stop.free else None
        if mine is not None and not any(sym.bounded(v) for v in stop.free):
            saved = self._save()
            try:
                self._iterations(s, start, stop, i, i, mine)
                return
            except Unsummarised:
                self._restore(saved)
        k = sym.fresh(s.var.name, trips)
        at = sym.add(start, sym.mul(k, by))
        self._iterations(s, start, trips, k, at, one_sided(sym.compare("<", at, stop)), alone=True)

    def _iterations(
        self, s: For, start: Sym, trips: Sym, k: Sym, at: Sym, guard: Sym, alone: bool = False
    ) -> None:
        """Close the loop whose variable is `at` in iteration k of `trips`, those for which `guard` holds; `alone`: no
        iteration between them is another's."""
        s, end = _without_break(s)
        saved = self._save()
        scalars, arrays, outer = saved
        carried = [v.name for v in scalars_written(s.body) if v.name in scalars]
        stored = [b for b in buffers_written(s.body) if b in arrays]
        steps: dict[str, Advance | Turn] = {}
        while True:
            self._restore(saved)
            for name in carried:
                dtype = scalars[name].dtype
                self.scalars[name] = (
                    steps[name].at(scalars[name], k) if name in steps
                    else sym.previous(at_level(name, self.level), dtype))
            for name in stored:
                self.arrays[name] = Array("prev", arrays[name].dtype, level=self.level)
            self.scalars[s.var.name] = at
            self.path = sym.conjoin(outer, guard)
            if end is not None:
                self.ends[id(end)] = k
            self.body(s.body)
            self.ends.pop(id(end), None)
            left = (n for n in carried if n not in steps)
            found = {n: c for n in left if (c := induction(at_level(n, self.level), self.scalars[n], k, scalars[n]))}
            if not found:
                break
            steps |= found
        after = {n: self.scalars[n] for n in carried}
        if not alone and (steps or any("prev" in x.has for x in after.values())):
            raise Unsummarised("what one iteration needs of another is not that of the one before", s.span)
        writes = {n: in_a_piece(self.arrays[n].writes) for n in stored}
        lost = frozenset(n for n in stored if self.arrays[n].base == "lost")
        self._restore(saved)
        if outer is not TRUE and self.here(guard) is TRUE:
            guard = TRUE
        summary = Loop(self, self.level, k, start, trips, guard, s, after, writes, steps, lost)
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


# ---------------------------------------------------------------- small questions


def _without_break(s: For) -> tuple[For, If | None]:
    """`if (c) break; rest` as `if (!c) rest`, and that statement: the same where a c that holds keeps holding."""
    for n, x in enumerate(s.body):
        if isinstance(x, If) and x.then and isinstance(x.then[0], Break) and not x.orelse:
            rest = If(Unary("!", x.cond, DType.BOOL), s.body[n + 1:])
            return replace(s, body=(*s.body[:n], rest)), rest
    return s, None


def _lost_in(arrays: dict[str, Array]) -> set[str]:
    return {name for name, a in arrays.items() if a.base == "lost"}


def _furthest(d: Sym) -> Sym:
    """d without what loops add to the data it is made of: each of these parts where it makes d largest."""
    const, terms = sym.terms_of(d)
    least = next((a for a, c in terms.items() if c == 1 and a.op == "call" and a.data == "min"), None)
    if least is not None:
        rest = sym.sub(d, least)
        return sym.call("min", tuple(_furthest(sym.add(rest, a)) for a in least.args), DType.I32)
    out = sym.integer(const)
    for a, c in terms.items():
        end = a.lo if c < 0 else a.hi
        loop = not a.has and any(map(sym.bounded, a.free)) and abs(end) != float("inf")
        out = sym.add(out, sym.integer(c * int(end)) if loop else sym.scale(a, c))
    return out


def _by_length(w: Write) -> bool:
    """Whether where an element is written hangs on how long one of several chunks is, the last of which is shorter."""
    return bool(sym.collect(w.index, lambda n: n.op == "call" and n.data == "min" and not n.free.isdisjoint(w.vars)))


def _once_false(cond: Sym, k: Sym) -> bool:
    """A condition that does not hold in an iteration holds in none after it."""
    if cond.op != "lt":
        return k not in cond.free
    _, terms = sym.terms_of(cond.args[0])
    return terms.get(k, 0) >= 0 and not any(k in a.free for a in terms if a is not k)


def _over_all(start: Sym, step: Sym) -> bool:
    """Whether a loop strides over all iterations of one around it, one of which there is here: a grid's, i += n * 256
    from b * 256 + t with b < n."""
    _, terms = sym.terms_of(start)
    return any(sym.bounded(v) and c > 0 and step == sym.scale(sym.extent_of(v), c) for v, c in terms.items())
