"""Loop recovery: parallel axes become sequential loops.

    for t in thread.x(256):                         for t in 256: s[t] = x[t]
        s[t] = x[t];  barrier;           ->         for t in 256: y[t] = s[255 - t]
        y[t] = s[255 - t]

Thread loops are fissioned at barriers and lane exchanges; a value that lives across a cut becomes one value per
thread. Control flow around a barrier is pulled out of the thread loops when the whole block agrees on it, and turned
into one predicate per thread otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from xpiler.ir.nodes import (
    PLAIN, Alloc, Assign, Atomic, Barrier, Binary, Buffer, Call, Cast, Const, Expr, For, If, Intrinsic, Kernel,
    Let, Load, Return, Select, Shuffle, Stmt, Store, Unary, Var, While,
)
from xpiler.ir.types import DType, promote
from xpiler.ir.walk import (
    Fresh, bodies, buffers_written, defines, expressions, map_exprs, map_stmts, names, statements, subexpressions,
    substitute, substitute_expr,
)
from xpiler.passes.plain.structured import negated, without_returns
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform

I32 = DType.I32
CHEAP = 15  # parts of an expression that is rather computed again than kept for every thread
VOTES = ("any", "all", "ballot", "active")
ZERO, ONE = Const(0, I32), Const(1, I32)


@dataclass(frozen=True)
class Recover:
    """Make every axis loop of a kernel sequential; `lanes` are the axis kinds that meet at barriers."""

    lanes: tuple[str, ...] = ("thread.z", "thread.y", "thread.x")
    stage: ClassVar[str] = "detensorized"

    @classmethod
    def of_machine(cls, machine: Platform) -> Mapping[str, Any]:
        return {"lanes": tuple(a.kind for a in machine.axes if a.kind.startswith("thread") or a.kind == "core")}

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Recover]:
        """Itself, where there is a parallel axis to make sequential."""
        step = cls(**cls.of_machine(machine))
        axes = {s.kind for s in statements(kernel) if isinstance(s, For) and s.kind not in PLAIN}
        if not axes or not axes <= {a.kind for a in machine.axes}:
            return
        try:
            step.apply(kernel)
        except NotApplicable:
            return
        yield step

    def apply(self, kernel: Kernel) -> Kernel:
        body = _plain(self._axes(kernel, kernel.body, Fresh(names(kernel))))
        alone = all(s.kind in PLAIN for s in statements(kernel) if isinstance(s, For))  # nobody else goes on
        left = next((s for s in statements(body) if _meets(s) or isinstance(s, Return) and not alone), None)
        if left is not None:
            raise NotApplicable("threads meet, or one leaves, outside the loops of threads", left.span)
        with suppress(NotApplicable):
            body = without_returns(body)
        return replace(kernel, body=body)

    def _axes(self, kernel: Kernel, body: tuple[Stmt, ...], fresh: Fresh) -> tuple[Stmt, ...]:
        out: list[Stmt] = []
        for s in body:
            if not isinstance(s, For) or s.kind in PLAIN:
                out.append(s)
            elif s.kind in self.lanes:
                nest, inner = [s], s.body
                while len(inner) == 1 and isinstance(inner[0], For) and inner[0].kind in self.lanes:
                    nest.append(inner[0])
                    inner = inner[0].body
                own = {a.buffer.name for a in statements(kernel.body) if isinstance(a, Alloc)}
                given = {p.name for p in kernel.params if isinstance(p, Buffer)} - buffers_written(kernel.body)
                out += _Fission(fresh, nest, frozenset(own), frozenset(given)).run(inner)
            else:
                inner = self._axes(kernel, s.body, fresh)
                if not any(isinstance(x, For) and x.kind in self.lanes for x in s.body):
                    inner = without_returns(inner)
                plain = Var(fresh("".join(part[0] for part in s.kind.split("."))), s.var.dtype)
                out.append(replace(s, var=plain, kind="parallel", body=_renamed(inner, s.var, plain)))
        return tuple(out)


def _plain(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Memories of one machine are ordinary arrays in the sequential program."""
    return map_stmts(body, lambda s: replace(s, buffer=replace(s.buffer, space="local", ctype=""))
                     if isinstance(s, Alloc) else s)


# ---------------------------------------------------------------- fission


def _meets(s: Stmt) -> bool:
    """Whether a statement contains a point where threads meet."""
    return any(isinstance(x, Barrier | Shuffle) and not (isinstance(x, Barrier) and x.scope == "core")
               for x in statements(s))


class _Fission:
    """Splits one nest of thread loops over a body."""

    def __init__(
        self, fresh: Fresh, nest: list[For], own: frozenset[str] = frozenset(), given: frozenset[str] = frozenset(),
    ) -> None:
        self.nest = nest
        self.own = own  # the arrays that only this nest's threads share
        self.given = given  # the arrays that nobody writes
        self.fresh = fresh
        self.threads = [f.var for f in nest]
        lane: Expr = ZERO
        for f in nest:
            lane = f.var if lane == ZERO else Binary(
                "+", Binary("*", lane, f.stop, I32), f.var, I32)
        self.lane = lane
        self.uniform: set[Var] = set()
        self.moving: set[Var] = set()  # those of them that get more than one value

    @property
    def count(self) -> int:
        """How many threads there are, for an array with an element for each."""
        count = 1
        for f in self.nest:
            if not isinstance(f.stop, Const):
                raise NotApplicable("threads keep values of their own where they meet, in a block whose size is not a "
                                    "constant", f.span)
            count *= int(f.stop.value)
        return count

    def run(self, body: tuple[Stmt, ...]) -> list[Stmt]:
        body = without_returns(body)
        body, shared = _hoist_shared(body)
        if not any(_meets(s) for s in body):
            return [*shared, *self._loop(list(body))]
        call = next((s for s in statements(body) if isinstance(s, Intrinsic)), None)
        if call is not None:  # what it keeps in one thread's arrays would have to be told apart from what all share
            raise NotApplicable(f"`{call.name}` is called between points where threads meet; detensorize it first",
                                call.span)
        private = self._private(body)
        body = self._worked_out_again(body, private)
        body, arrays = self._expand(body, private)
        return [*shared, *arrays, *self._cut(body)]

    # -------------------------------------------------------- who is private

    def _private(self, body: tuple[Stmt, ...]) -> set[str]:
        """Scalars and local arrays declared inside the thread loops that need one copy per thread."""
        declared = {s.var: s for s in statements(body) if isinstance(s, Let)}
        written: dict[Var, int] = {}
        for s in statements(body):
            v = defines(s)
            if v is not None:
                written[v] = written.get(v, 0) + 1
        loops = {s.var for s in statements(body) if isinstance(s, For) and _meets(s)}
        controls = _controls(body)
        dependent = set(self.threads)
        changed = True
        while changed:
            changed = False
            for s in statements(body):
                v = defines(s)
                if v is None or v in dependent:
                    continue
                parts = [x for e in expressions(s) for x in subexpressions(e)]
                memory = any(map(self._changes, parts))
                special = isinstance(s, Shuffle | Intrinsic | Atomic)
                reads = any(isinstance(x, Load) for x in parts)
                alike = v in controls and not any(
                    self._changes(x) or x in dependent for e in controls[v] for x in subexpressions(e))
                apart = not alike and (reads or v in declared and written[v] > 1)
                if dependent.intersection(parts) or memory or special or apart:
                    dependent.add(v)
                    changed = True
        self.uniform = {v for v in declared if v not in dependent} | (loops - dependent)
        self.moving = {v for v in self.uniform if written.get(v, 0) > 1 and v not in loops}
        return {v.name for v in declared if v in dependent}

    def _worked_out_again(self, body: tuple[Stmt, ...], private: set[str]) -> tuple[Stmt, ...]:
        """Private scalars that only number the threads in another way are not kept across a cut but computed anew."""
        crossing = _crossing(body, private, self.moving)
        made = [s for s in statements(body) if (v := defines(s)) is not None and v.name in private]
        once = [s for s in made if isinstance(s, Let) and s.value is not None
                and sum(defines(x) == s.var for x in made) == 1]
        defined = {v for s in statements(body) if (v := defines(s)) is not None}
        used = {x for s in statements(body) for e in expressions(s) for x in subexpressions(e) if isinstance(x, Var)}
        fixed = {*self.threads, *(used - defined), *(self.uniform - self.moving)}
        values: dict[Var, Expr] = {}
        for s in once:
            assert s.value is not None, "chosen so"
            value = substitute_expr(s.value, values)
            parts = list(subexpressions(value))
            plain = all(isinstance(x, Const | Binary | Unary | Cast) or x in fixed for x in parts)
            if plain and not any(x.dtype.is_float for x in parts) and len(parts) <= CHEAP:
                values[s.var] = value
        values = {v: e for v, e in values.items() if v.name in crossing}
        kept = map_stmts(body, lambda s: () if isinstance(s, Let) and s.var in values else s)
        return substitute(kept, values)

    def _expand(
        self, body: tuple[Stmt, ...], private: set[str]
    ) -> tuple[tuple[Stmt, ...], list[Stmt]]:
        """Private scalars that live across a meeting point become arrays indexed by the thread."""
        crossing = _crossing(body, private, self.moving)
        arrays: list[Stmt] = []
        slots: dict[str, tuple[str, DType]] = {}
        for s in statements(body):
            if isinstance(s, Let | Shuffle | Intrinsic | Atomic) and (v := defines(s)) and v.name in crossing:
                if v.name not in slots:
                    slots[v.name] = (self.fresh(v.name), v.dtype)
                    each = Const(self.count, I32)
                    arrays.append(Alloc(Buffer(slots[v.name][0], v.dtype, each, "local")))
        sizes: dict[str, Expr] = {}
        for s in statements(body):
            if isinstance(s, Alloc) and s.buffer.space not in ("shared",):
                name, extent = s.buffer.name, s.buffer.extent
                if name in crossing and extent is not None:
                    sizes[name] = extent
                    whole: Expr = Binary("*", Const(self.count, I32), extent, I32)
                    if isinstance(extent, Const):
                        whole = Const(self.count * int(extent.value), I32)
                    arrays.append(Alloc(replace(s.buffer, extent=whole, space="local", ctype="")))

        def at(name: str, index: Expr) -> Expr:
            return Binary("+", Binary("*", self.lane, sizes[name], I32), index, I32)

        def use(e: Expr) -> Expr:
            match e:
                case Var(name) if name in slots:
                    return Load(slots[name][0], self.lane, slots[name][1])
                case Load(buffer, index, dtype) if buffer in sizes:
                    return Load(buffer, at(buffer, index), dtype)
            return e

        def one(s: Stmt) -> Stmt | tuple[Stmt, ...]:
            match s:
                case Let(v, value) if v.name in slots:
                    return () if value is None else Store(slots[v.name][0], self.lane, value, s.span)
                case Assign(v, value) if v.name in slots:
                    return Store(slots[v.name][0], self.lane, value, s.span)
                case Store(buffer, index) if buffer in sizes:
                    return replace(s, index=at(buffer, index))
                case Atomic(result=Var() as v) if v.name in slots:
                    old = Var(self.fresh("old"), v.dtype)
                    given = Store(slots[v.name][0], self.lane, old, s.span)
                    return Let(old, None, s.span), replace(s, result=old), given
                case Alloc(buffer, init) if buffer.name in sizes:
                    return tuple(
                        Store(buffer.name, at(buffer.name, Const(n, I32)), e, s.span)
                        for n, e in enumerate(init))
            return s

        self.slots = slots
        return map_stmts(map_exprs(body, use), one), arrays

    # -------------------------------------------------------- cutting

    def _loop(self, run: list[Stmt], guard: Expr | None = None) -> list[Stmt]:
        """The thread loops around a run of statements in which nobody meets."""
        if not run:
            return []
        body: tuple[Stmt, ...] = tuple(run)
        if guard is not None:
            body = (If(guard, body),)
        mine = [s for s in statements(body) if isinstance(s, Atomic) and s.buffer in self.own]
        kind = "serial" if mine else "parallel"
        if mine:  # one thread after another needs no atomics, but this order
            body = map_stmts(body, lambda s: _in_steps(s) if s in mine else s)
        for f in reversed(self.nest):
            v = Var(self.fresh(f.var.name), f.var.dtype)
            body = _renamed(body, f.var, v)
            body = (For(v, ZERO, f.stop, ONE, body, kind, f.span),)
        return list(body)

    def _cut(self, body: Iterable[Stmt], guard: Expr | None = None) -> list[Stmt]:
        out: list[Stmt] = []
        run: list[Stmt] = []

        def flush() -> None:
            nonlocal run
            out.extend(self._loop(run, guard))
            run = []

        for s in body:
            if isinstance(s, Let) and s.var in self.uniform:
                out.append(s)  # it depends on nothing that the statements of this run change
            elif isinstance(s, Assign) and s.var in self.uniform:
                flush()  # what reads the old value comes before
                out.append(s)
            elif not _meets(s):
                run.append(s)
            elif isinstance(s, Barrier):
                flush()
            elif isinstance(s, Shuffle) and s.kind in VOTES:
                run.append(self._vote(s))
                out += self._unvoted()
                flush()
                run.extend(self._counted(s))
            elif isinstance(s, Shuffle):
                run.extend(self._publish(s))
                out.append(self.extra)
                flush()
                run.extend(self._receive(s))
            elif isinstance(s, If):
                flush()
                out += self._branch(s, guard)
            elif isinstance(s, For):
                flush()
                out += self._repeat(s, guard)
            elif isinstance(s, While) and self._agree(guard, s.cond):
                flush()
                out.append(replace(s, body=tuple(self._cut(s.body, guard))))
            else:
                raise NotApplicable("threads meet inside a while loop that not all of them leave together", s.span)
        flush()
        return out

    def _changes(self, e: Expr) -> bool:
        """Whether it is an element of memory that somebody writes."""
        return isinstance(e, Load) and e.buffer not in self.given

    def _agree(self, guard: Expr | None, *exprs: Expr) -> bool:
        """All threads of the block compute the same values; what only some of them compute is not read by all."""
        for e in exprs:
            for x in subexpressions(e):
                if self._changes(x) or (isinstance(x, Load) and guard is not None) or (isinstance(x, Var) and (
                        x in self.threads or x.name in getattr(self, "slots", {}))):
                    return False
        return True

    def _branch(self, s: If, guard: Expr | None) -> list[Stmt]:
        if self._agree(guard, s.cond):
            then, orelse = self._cut(s.then, guard), self._cut(s.orelse, guard)
            return [If(s.cond, tuple(then), tuple(orelse), s.span)]
        cond = s.cond if guard is None else Binary("&&", guard, s.cond, DType.BOOL)
        out: list[Stmt] = []
        taken = cond
        if not _stable(s.cond):
            flag = self.fresh("active")
            taken = Load(flag, self.lane, DType.BOOL)
            alloc = Alloc(Buffer(flag, DType.BOOL, Const(self.count, I32), "local"))
            out = [alloc, *self._loop([Store(flag, self.lane, cond, s.span)])]
        out += self._cut(s.then, taken)
        if s.orelse:
            other: Expr = negated(s.cond) if taken is cond else Unary("!", taken, DType.BOOL)
            both = other if guard is None else Binary("&&", guard, other, DType.BOOL)
            out += self._cut(s.orelse, both)
        return out

    def _repeat(self, s: For, guard: Expr | None) -> list[Stmt]:
        if self._agree(guard, s.start, s.stop, s.step):
            return [replace(s, body=tuple(self._cut(s.body, guard)))]
        if not self._agree(guard, s.stop, s.step):
            raise NotApplicable("a loop around a barrier whose bounds differ between threads", s.span)
        dtype = s.var.dtype
        one = Const(1, dtype)
        trip = Var(self.fresh("trip"), dtype)
        most = Binary("/", Binary("+", s.stop, Binary("-", s.step, one, dtype), dtype), s.step, dtype)
        at = Binary("+", s.start, Binary("*", trip, s.step, dtype), dtype)
        inside = Binary("<", at, s.stop, DType.BOOL)
        both = inside if guard is None else Binary("&&", guard, inside, DType.BOOL)
        body = map_exprs(s.body, lambda e: at if e == s.var else e)
        return [For(trip, Const(0, dtype), most, one, tuple(self._cut(body, both)), "serial", s.span)]

    # -------------------------------------------------------- lane exchange

    def _publish(self, s: Shuffle) -> list[Stmt]:
        dtype = s.value.dtype
        self.posted = self.fresh("lanes")
        self.extra = Alloc(Buffer(self.posted, dtype, Const(self.count, I32), "local"))
        return [Store(self.posted, self.lane, s.value, s.span)]

    def _vote(self, s: Shuffle) -> Stmt:
        """A lane that takes part posts 1 for yes and 2 for no."""
        self.posted = self.fresh("votes")
        yes = Binary("!=", s.value, Const(0, s.value.dtype), DType.BOOL)
        self.warps = -(-self.count // s.warp) * s.warp
        return Store(self.posted, self.lane, Select(yes, ONE, Const(2, I32), I32), s.span)

    def _unvoted(self) -> list[Stmt]:
        """Nobody has voted yet."""
        each, k = Const(self.warps, I32), Var(self.fresh("k"), I32)
        alloc = Alloc(Buffer(self.posted, I32, each, "local"))
        return [alloc, For(k, ZERO, each, ONE, (Store(self.posted, k, ZERO),))]

    def _counted(self, s: Shuffle) -> list[Stmt]:
        """What a vote among the lanes of a warp comes to."""
        dtype = s.result.dtype
        word = DType.U64 if s.warp > 32 else DType.U32
        total, k = Var(self.fresh("vote"), dtype), Var(self.fresh("k"), I32)
        first = Binary("*", Binary("/", self.lane, Const(s.warp, I32), I32), Const(s.warp, I32), I32)
        post = Load(self.posted, Binary("+", first, k, I32), I32)
        said: Expr = Binary("==", post, Const(2 if s.kind == "all" else 1, I32), DType.BOOL)
        if not isinstance(s.mask, Const) and s.kind != "active":
            bit = Binary("&", Binary(">>", Cast(s.mask, word), k, word), Const(1, word), word)
            said = Binary("&&", said, Binary("!=", bit, Const(0, word), DType.BOOL), DType.BOOL)
        one: Expr = Const(0 if s.kind == "all" else 1, dtype)
        if s.kind in ("ballot", "active"):
            one = Binary("|", total, Cast(Binary("<<", Const(1, word), k, word), dtype), dtype)
        start = Const(1 if s.kind == "all" else 0, dtype)
        loop = For(k, ZERO, Const(s.warp, I32), ONE, (If(said, (Assign(total, one, s.span),)),), "serial", s.span)
        to = self.slots.get(s.result.name)
        last = Let(s.result, total, s.span) if to is None else Store(to[0], self.lane, total, s.span)
        return [Let(total, start, s.span), loop, last]

    def _receive(self, s: Shuffle) -> list[Stmt]:
        dtype = s.value.dtype
        value = _exchange(s, self.posted, self.lane, dtype)
        to = self.slots.get(s.result.name)
        if to is not None:
            return [Store(to[0], self.lane, value, s.span)]
        return [Let(s.result, value, s.span)]


def _in_steps(s: Stmt) -> tuple[Stmt, ...]:
    """An atomic where nothing runs beside it: a load and a store."""
    assert isinstance(s, Atomic), "the caller has checked"
    dtype = s.value.dtype
    old = Load(s.buffer, s.index, dtype)
    new: Expr
    match s.op:
        case "exch":
            new = s.value
        case "cas" if s.compare is not None:
            same = Binary("==", _bits(old), _bits(s.compare), DType.BOOL)
            new = Select(same, s.value, old, dtype)
        case "min" | "max":
            new = Call(s.op, (old, s.value), dtype)
        case _:
            wide = promote(dtype)
            by = {"add": "+", "sub": "-", "and": "&", "or": "|", "xor": "^"}[s.op]
            sides = [e if e.dtype is wide else Cast(e, wide) for e in (old, s.value)]
            whole = Binary(by, sides[0], sides[1], wide)
            new = whole if wide is dtype else Cast(whole, dtype)
    store = Store(s.buffer, s.index, new, s.span)
    return (store,) if s.result is None else (Assign(s.result, old, s.span), store)


def _bits(e: Expr) -> Expr:
    """What a compare-and-swap compares."""
    word = DType(f"u{max(e.dtype.bits, 8)}")
    return Call(f"bits.{e.dtype}.{word}", (e,), word) if e.dtype.is_float else e


def _stable(cond: Expr) -> bool:
    """cond means the same whatever is stored meanwhile: it reads no memory."""
    return not any(isinstance(e, Load) for e in subexpressions(cond))


def _exchange(s: Shuffle, posted: str, lane: Expr, dtype: DType) -> Expr:
    """What a lane receives, as an expression over the array every lane posted to."""
    width = Const(s.width, I32)
    inside: Expr = Binary("%", lane, width, I32)
    by = _as_i32(s.lane)
    base: Expr = Binary("*", Binary("/", lane, width, I32), width, I32)

    def at(place: Expr) -> Expr:
        return Load(posted, Binary("+", base, place, I32), dtype)

    match s.kind:
        case "idx":
            return at(Binary("%", by, width, I32))
        case "xor":
            return at(Binary("^", inside, by, I32))
        case "down":
            place = Binary("+", inside, by, I32)
            return Select(Binary("<", place, width, DType.BOOL), at(place), at(inside), dtype)
        case "up":
            place = Binary("-", inside, by, I32)
            return Select(Binary(">=", inside, by, DType.BOOL), at(place), at(inside), dtype)
    raise NotApplicable(f"an exchange of kind {s.kind}", s.span)


def _as_i32(e: Expr) -> Expr:
    if isinstance(e, Const):
        return Const(int(e.value), I32)
    return e if e.dtype is I32 else Cast(e, I32)


def _hoist_shared(body: tuple[Stmt, ...]) -> tuple[tuple[Stmt, ...], list[Stmt]]:
    shared = [s for s in statements(body) if isinstance(s, Alloc) and s.buffer.space == "shared"]
    return map_stmts(body, lambda s: () if s in shared else s), list(shared)


def _crossing(body: tuple[Stmt, ...], private: set[str], moving: set[Var]) -> set[str]:
    """Private names used in more than one run between meeting points."""
    homes: dict[str, set[int]] = {}
    segment = 0
    local = {s.buffer.name for s in statements(body)
             if isinstance(s, Alloc) and s.buffer.space != "shared"}

    def note(s: Stmt) -> None:
        used = {v.name for e in expressions(s) for v in subexpressions(e) if isinstance(v, Var)}
        v = defines(s)
        if v is not None:
            used.add(v.name)
        used |= {x.buffer for e in expressions(s) for x in subexpressions(e) if isinstance(x, Load)}
        if isinstance(s, Store):
            used.add(s.buffer)
        if isinstance(s, Alloc):
            used.add(s.buffer.name)
        for name in used & (private | local):
            homes.setdefault(name, set()).add(segment)

    def visit(stmts: tuple[Stmt, ...]) -> None:
        nonlocal segment
        for s in stmts:
            if isinstance(s, Shuffle):
                note(s)
                segment += 1
                homes.setdefault(s.result.name, set()).add(segment)
                for operand in (s.lane, s.mask):  # a lane reads what the others posted after they have
                    for e in subexpressions(operand):
                        name = e.name if isinstance(e, Var) else e.buffer if isinstance(e, Load) else ""
                        if name in private | local:
                            homes.setdefault(name, set()).add(segment)
            elif _meets(s):
                segment += 1
                note(s)
                for b in bodies(s):
                    segment += 1
                    visit(b)
                segment += 1
            elif isinstance(s, Assign) and s.var in moving:
                segment += 1  # what all threads have in common changes between two runs
            else:
                for x in statements(s):
                    note(x)

    visit(body)
    return {n for n, where in homes.items() if len(where) > 1}


def _controls(body: tuple[Stmt, ...]) -> dict[Var, tuple[Expr, ...]]:
    """What decides whether a scalar gets its values, for those that get all of them where threads meet, one after the
    other and all threads alike."""
    found: dict[Var, tuple[Expr, ...]] = {}
    alone: set[Var] = set()

    def visit(stmts: tuple[Stmt, ...], around: tuple[Expr, ...]) -> None:
        for s in stmts:
            v = defines(s)
            if isinstance(s, For | If | While) and _meets(s):
                if v is not None:
                    found[v] = around
                for inner in bodies(s):
                    visit(inner, (*around, *expressions(s)))
            elif v is not None and not bodies(s):
                found[v] = (*found.get(v, ()), *around)
            else:
                alone.update(w for x in statements(s) if (w := defines(x)) is not None)

    visit(body, ())
    return {v: es for v, es in found.items() if v not in alone}


def _renamed(body: tuple[Stmt, ...], old: Var, new: Var) -> tuple[Stmt, ...]:
    return map_exprs(body, lambda e: new if e == old else e)
