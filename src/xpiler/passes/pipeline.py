"""Pipeline: the next tile is copied in while the current one is worked on, in the two halves of a buffer.

    for i in n:                              ->      near[2 * 64];  copy near[0 ..] = tile 0
        near[64];  copy near = tile i                for i in n:
        work on near                                     slot = i % 2;  next = i + 1
                                                         if next < n: copy near[(1 - slot) * 64 ..] = tile next
                                                         work on near[slot * 64 ..]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from xpiler.facts.accesses import Constancy, exchange, names_of_values
from xpiler.facts.polynomial import atom, expression, polynomial
from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Atomic, Barrier, Binary, Break, Buffer, Cast, Const, Continue, Expr, For, If, Intrinsic,
    Kernel, Let, Load, Return, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Body, Fresh, bodies, buffers_used, declared, defines, map_exprs, map_stmts, names, rename, scalars_read, statements,
    subexpressions, substitute, walk,
)
from xpiler.passes.split import loop_named
from xpiler.passes.step import NotApplicable
from xpiler.platforms.platform import Platform

I32, BOOL = DType.I32, DType.BOOL
ZERO, ONE = Const(0, I32), Const(1, I32)
ORDERED, LATE = "ordered", "asynchronous"
CORE = Barrier("core")


@dataclass(frozen=True)
class Pipeline:
    """Copy the tiles of `loop` in one iteration ahead.

    `copies` is "ordered" (they are issued early and done in the order of the text) or "asynchronous" (bulk copies
    become their asynchronous form, and the iteration ends by waiting for them). `bulk` is the machine's copy
    instruction and its asynchronous form."""

    loop: str
    copies: str = ORDERED
    bulk: tuple[str, str] = ("", "")

    @classmethod
    def of_machine(cls, machine: Platform) -> Mapping[str, Any]:
        return {"bulk": (machine.copy, machine.copy_later)}

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """The loops whose tiles fit the machine's memories twice, asynchronously where there are such copies."""
        loops = [s for s in statements(kernel.body) if isinstance(s, For) and s.kind in PLAIN]
        for loop in sorted(loops, key=lambda s: s.kind == "parallel"):  # what may run at once had better do so
            for how in (LATE, ORDERED):
                one = cls(loop.var.name, how, **cls.of_machine(machine))
                try:
                    made = one.apply(kernel)
                except NotApplicable:
                    continue
                if all(s.capacity is None or held(made, s.name) <= s.capacity for s in machine.spaces):
                    yield one

    def apply(self, kernel: Kernel) -> Kernel:
        loop = loop_named(kernel, self.loop)
        if self.copies not in (ORDERED, LATE):
            raise NotApplicable(f'copies are "{ORDERED}" or "{LATE}", not "{self.copies}"', loop.span)
        if self.copies == LATE and not self.bulk[1]:
            raise NotApplicable("the machine has no asynchronous copy", loop.span)
        _check(loop)
        stages = _Stages(kernel, loop, self.bulk[0], late=self.copies == LATE)
        made = _Made(kernel, loop, stages, self.bulk if self.copies == LATE else ("", "")).body()
        return replace(kernel, body=map_stmts(
            kernel.body, lambda s: made if isinstance(s, For) and s.var == loop.var else s))


def held(kernel: Kernel, space: str) -> int:
    """Bytes the kernel has in a memory."""
    held = [s.buffer for s in statements(kernel.body) if isinstance(s, Alloc) and s.buffer.space == space]
    return sum(int(b.extent.value) * b.dtype.bytes for b in held if isinstance(b.extent, Const))


def _check(loop: For) -> None:
    """Every iteration runs to its end, and nobody meets in it."""
    if loop.kind not in PLAIN:
        raise NotApplicable(f"`{loop.var.name}` runs along {loop.kind}: its iterations have no order", loop.span)
    step = loop.step
    if not isinstance(step, Const) or step.value < 1 or loop.var.dtype is not I32:
        raise NotApplicable(f"`{loop.var.name}` does not count by a constant", loop.span)
    leaving = _leaves(loop.body, inside=False)
    if leaving is not None:
        raise NotApplicable(f"an iteration of `{loop.var.name}` may be left early", leaving.span)
    met = exchange(loop)
    if met is not None:
        raise NotApplicable(f"`{loop.var.name}` meets others in each iteration", met.span)


def _leaves(body: Body, *, inside: bool) -> Stmt | None:
    for s in body:
        if isinstance(s, Return) or isinstance(s, Break | Continue) and not inside:
            return s
        for part in bodies(s):
            found = _leaves(part, inside=inside or not isinstance(s, If))
            if found is not None:
                return found
    return None


# ---------------------------------------------------------------- what is copied in, and what is done


class _Stages:
    """A body in three: `load` only fills arrays of the body from ones the loop does not change, `work` is the rest, but
    for the copies at its end which nobody in the loop waits for, `out`.

    Where copies are `late`, what is filled in bulk from the caller's arrays is `load`, and nothing else."""

    def __init__(self, kernel: Kernel, loop: For, copy: str, *, late: bool) -> None:
        self.loop, self.copy, self.late = loop, copy, late
        self.far = {p.name for p in kernel.params if isinstance(p, Buffer)}
        self.fixed = Constancy(loop)
        self.lets = names_of_values(kernel.body)
        self.own = {s.buffer.name: s for s in loop.body if isinstance(s, Alloc) and not s.init}
        self.changed = set(_stored(loop.body, copy)) | {
            s.buffer.name for s in statements(loop.body) if isinstance(s, Alloc)}
        self.load: list[Stmt] = []
        self.work: list[Stmt] = []
        self.named: list[Let] = []  # scalars of the body that name an expression
        touched: set[str] = set()
        for s in loop.body:
            if isinstance(s, Let) and s.var in self.lets and all(map(self._known, scalars_read(self.lets[s.var]))):
                self.named.append(s)
                self.work.append(s)
            elif self._fills(s, touched):
                self.load.append(s)
            elif not (isinstance(s, Alloc) and s.buffer.name in self.own):
                self.work.append(s)
                touched |= buffers_used((s,))
        self.filled = frozenset(b for s in self.load for b in _stored((s,), copy))
        if not self.load:
            how = "by bulk copies " if late else ""
            raise NotApplicable(
                f"no array of `{loop.var.name}` is filled {how}from what the loop leaves alone", loop.span)
        self.out = self._out() if late else []
        self.work = self.work[:len(self.work) - len(self.out)]
        if late and all(isinstance(s, Let) or self._goes(s) for s in self.work):
            raise NotApplicable(f"`{loop.var.name}` only copies: there is no work to do meanwhile", loop.span)
        self.doubled = self.filled | {b for s in self.out for b in _sources(s, copy)}
        needed: list[Let] = []
        wanted = {v for s in self.load for v in scalars_read(s)}
        for let in reversed(self.named):
            if let.var in wanted:
                needed.insert(0, let)
                wanted |= scalars_read(let)
        self.load = [*needed, *self.load]

    def _fills(self, s: Stmt, touched: set[str]) -> bool:
        """s does nothing but fill arrays of the body, which nothing before it in the iteration has touched."""
        if isinstance(s, Let | Alloc):
            return False
        stored = set(_stored((s,), self.copy))
        if not stored or not stored <= set(self.own) or stored & touched:
            return False
        if not all(isinstance(x, For | If | Let) or isinstance(x, Store) and not self.late or self._bulk(x)
                   for x in statements(s)):
            return False
        inside = {v for v in map(defines, statements(s)) if v is not None}
        sources = _sources(s, self.copy)
        if self.late and not sources <= self.far:
            return False
        read = {x.buffer for x in walk(s) if isinstance(x, Load)} | sources
        return not read & self.changed and all(v in inside or self._known(v) for v in scalars_read(s))

    def _out(self) -> list[Stmt]:
        """The copies at the end of the body from arrays of its own that are not filled ahead, to arrays of the caller's
        that the loop uses for nothing else."""
        out: list[Stmt] = []
        rest = list(self.work)
        while rest and self._goes(rest[-1]):
            out.insert(0, rest.pop())
        sources = {b for s in out for b in _sources(s, self.copy)}
        apart = not set(_stored(out, self.copy)) & buffers_used((*self.load, *rest))
        return out if apart and sources <= set(self.own) - self.filled else []

    def _known(self, v: Var) -> bool:
        """v can be told for the next iteration."""
        return v == self.loop.var or self.fixed(v) or any(v == let.var for let in self.named)

    def _goes(self, s: Stmt) -> bool:
        """A bulk copy to an array of the caller's."""
        return self._bulk(s) and set(_stored((s,), self.copy)) <= self.far

    def _bulk(self, s: Stmt) -> bool:
        return _is_copy(s, self.copy)


def _is_copy(s: Stmt, copy: str) -> bool:
    """A bulk copy: (to, from, bytes, ...), nothing else by address."""
    return (isinstance(s, Intrinsic) and bool(copy) and s.name == copy and s.result is None and len(s.args) > 2
            and isinstance(s.args[0], Addr) and isinstance(s.args[1], Addr)
            and not any(isinstance(x, Addr) for a in s.args[2:] for x in subexpressions(a)))


def _stored(body: Sequence[Stmt], copy: str) -> Iterator[str]:
    """The arrays a body may store to; those it only copies from in bulk are not among them."""
    for s in statements(tuple(body)):
        if isinstance(s, Store | Atomic):
            yield s.buffer
        elif isinstance(s, Intrinsic):
            args = s.args[:1] if _is_copy(s, copy) else s.args
            yield from (a.buffer for a in (*args, s.result) if isinstance(a, Addr))


def _sources(s: Stmt, copy: str) -> set[str]:
    """The arrays that a statement copies from in bulk."""
    return {x.args[1].buffer for x in statements(s)
            if isinstance(x, Intrinsic) and _is_copy(x, copy) and isinstance(x.args[1], Addr)}


# ---------------------------------------------------------------- the loop that comes of it


class _Made:
    """The first tile, and the loop that brings in the next one."""

    def __init__(self, kernel: Kernel, loop: For, stages: _Stages, late: tuple[str, str]) -> None:
        self.loop, self.stages, self.late = loop, stages, late
        fresh = self.fresh = Fresh(names(kernel))
        self.i, self.slot, self.next = loop.var, Var(fresh("slot"), I32), Var(fresh("next"), I32)
        step = loop.step
        assert isinstance(step, Const)
        self.by = int(step.value)
        self.most = _most(kernel, loop.start)
        for name in stages.doubled:
            s = stages.own[name]
            if not isinstance(s.buffer.extent, Const):
                raise NotApplicable(f"the size of `{name}` is not a constant", s.span)
        if not stages.fixed(loop.start):
            raise NotApplicable(f"where `{self.i.name}` starts changes while it runs", loop.span)

    def body(self) -> Body:
        wait: Body = (CORE,) if self.late[1] else ()
        out = self.started(self.halved(tuple(self.stages.out), self.slot))
        ahead = self.started(self.loaded(self.next, Binary("-", ONE, self.slot, I32)))
        loop = replace(self.loop, kind="serial", body=(
            Let(self.slot, Binary("%", self.turn(), Const(2, I32), I32)),
            Let(self.next, Binary("+", self.i, Const(self.by, I32), I32)),
            If(Binary("<", self.next, self.loop.stop, BOOL), ahead),
            *self.halved(tuple(self.stages.work), self.slot), *wait, *out))
        return (*self.arrays(), *self.first(), loop, *(wait if out else ()))

    def first(self) -> Body:
        """The first tile, where there is one."""
        load = self.loaded(self.loop.start, ZERO)
        span = (polynomial(self.loop.stop, {}) - polynomial(self.loop.start, {})).value
        if span is not None and span <= self.by:
            how = "runs only once" if span > 0 else "never runs"
            raise NotApplicable(f"`{self.i.name}` {how}", self.loop.span)
        stop = self.loop.stop
        if span is not None or self.most is not None and isinstance(stop, Const) and self.most < stop.value:
            return load
        return (If(Binary("<", self.loop.start, stop, BOOL), load),)

    def turn(self) -> Expr:
        """How many iterations went before this one."""
        start = self.loop.start
        p = atom(self.i)
        if self.most is None or self.most >= self.by or not isinstance(start, Var):  # else it is what is left over
            p = p - polynomial(start, {})
        return expression(p) if self.by == 1 else Binary("/", expression(p), Const(self.by, I32), I32)

    def arrays(self) -> Body:
        out: list[Stmt] = []
        for name, s in self.stages.own.items():
            b = s.buffer
            if name in self.stages.doubled:
                b = replace(b, extent=Const(2 * self.size(name), I32))
            out.append(Alloc(b, (), s.span))
        return tuple(out)

    def size(self, name: str) -> int:
        """How long a half is."""
        extent = self.stages.own[name].buffer.extent
        assert isinstance(extent, Const)
        return int(extent.value)

    def loaded(self, at: Expr, slot: Expr) -> Body:
        """The tile of iteration `at` brought into a half, under names of its own."""
        load = self.halved(map_exprs(substitute(tuple(self.stages.load), {self.i: at}), _folded), slot)
        return rename(load, {n: self.fresh(n) for n in declared(load)})

    def halved(self, body: Body, slot: Expr) -> Body:
        """What has two halves in a body, at one of them."""
        def at(name: str, index: Expr) -> Expr:
            if slot == ZERO:
                return index
            whole: Expr = Binary("*", slot, Const(self.size(name), I32), I32)
            wide = index.dtype if index.dtype is DType.I64 else I32
            parts = [e if e.dtype is wide else Cast(e, wide) for e in (whole, index)]
            return whole if index == ZERO else Binary("+", parts[0], parts[1], wide)

        def use(e: Expr) -> Expr:
            if isinstance(e, Load | Addr) and e.buffer in self.stages.doubled:
                return replace(e, index=at(e.buffer, e.index))
            return e

        def store(s: Stmt) -> Stmt:
            if isinstance(s, Store | Atomic) and s.buffer in self.stages.doubled:
                return replace(s, index=at(s.buffer, s.index))
            return s

        return map_stmts(map_exprs(body, use), store)

    def started(self, body: Body) -> Body:
        """Copies that are started and not waited for."""
        if not self.late[1]:
            return body
        return map_stmts(body, lambda s: replace(s, name=self.late[1])
                         if isinstance(s, Intrinsic) and _is_copy(s, self.late[0]) else s)


def _most(kernel: Kernel, start: Expr) -> int | None:
    """The largest value of where a loop starts, if that is a worker's number."""
    axes = [s for s in statements(kernel.body) if isinstance(s, For) and s.kind not in PLAIN and s.var == start]
    match axes:
        case [For(start=Const(0), stop=Const(stop))]:
            return int(stop) - 1
    return None


def _folded(e: Expr) -> Expr:
    """A product or sum of numbers as a number, and one with nothing as what it is."""
    match e:
        case Binary("*", Const(a, _), Const(b, _), dtype) if dtype is I32:
            return Const(int(a) * int(b), I32)
        case Binary("+", Const(0, _), b, dtype) if dtype is I32:
            return b
        case Binary("+" | "-", a, Const(0, _), dtype) if dtype is I32:
            return a
    return e
