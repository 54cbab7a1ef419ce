"""Pipeline: the next tile is copied in while the current one is worked on, in the two halves of a buffer.

    for i in n:                              ->      near[2 * 64];  copy near[0 ..] = tile 0
        near[64];  copy near = tile i                for i in n - 1:
        work on near                                     copy near[(i + 1) % 2 * 64 ..] = tile i + 1
                                                         work on near[i % 2 * 64 ..]
                                                     work on near[(n - 1) % 2 * 64 ..]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from xpiler.facts.accesses import Constancy, exchange, names_of_values
from xpiler.facts.polynomial import Poly, atom, expression, number, polynomial
from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Atomic, Barrier, Binary, Break, Cast, Const, Continue, Expr, For, If, Intrinsic,
    Kernel, Let, Load, Return, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Body, Fresh, bodies, buffers_used, defines, map_exprs, map_stmts, names, rename, scalars_read, statements,
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
                if all(s.capacity is None or _held(made, s.name) <= s.capacity for s in machine.spaces):
                    yield one

    def apply(self, kernel: Kernel) -> Kernel:
        loop = loop_named(kernel, self.loop)
        if self.copies not in (ORDERED, LATE):
            raise NotApplicable(f'copies are "{ORDERED}" or "{LATE}", not "{self.copies}"', loop.span)
        if self.copies == LATE and not self.bulk[1]:
            raise NotApplicable("the machine has no asynchronous copy", loop.span)
        _check(loop)
        stages = _Stages(kernel, loop, self.bulk[0])
        made = _Made(kernel, loop, stages, self.bulk if self.copies == LATE else ("", "")).body()
        return replace(kernel, body=map_stmts(
            kernel.body, lambda s: made if isinstance(s, For) and s.var == loop.var else s))


def _held(kernel: Kernel, space: str) -> int:
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
    """A body in two: `load` only fills arrays of the body from ones the loop does not change, `work` is the rest."""

    def __init__(self, kernel: Kernel, loop: For, copy: str) -> None:
        self.loop, self.copy = loop, copy
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
            raise NotApplicable(f"no array of `{loop.var.name}` is filled from what the loop leaves alone", loop.span)
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
        if not all(isinstance(x, For | If | Store | Let) or self._bulk(x) for x in statements(s)):
            return False
        inside = {v for v in map(defines, statements(s)) if v is not None}
        read = {x.buffer for x in walk(s) if isinstance(x, Load)} | {
            x.args[1].buffer for x in statements(s) if isinstance(x, Intrinsic) and isinstance(x.args[1], Addr)}
        return not read & self.changed and all(v in inside or self._known(v) for v in scalars_read(s))

    def _known(self, v: Var) -> bool:
        """v can be told for the next iteration."""
        return v == self.loop.var or self.fixed(v) or any(v == let.var for let in self.named)

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


# ---------------------------------------------------------------- the loop that comes of it


class _Made:
    """Prologue, steady loop and epilogue."""

    def __init__(self, kernel: Kernel, loop: For, stages: _Stages, late: tuple[str, str]) -> None:
        self.loop, self.stages, self.late = loop, stages, late
        self.fresh = Fresh(names(kernel))
        self.i = loop.var
        self.start, self.stop = polynomial(loop.start, {}), polynomial(loop.stop, {})
        step = loop.step
        assert isinstance(step, Const)
        self.by = int(step.value)
        if late[1] and not any(_is_copy(s, late[0]) for s in statements(tuple(stages.load))):
            raise NotApplicable("no tile is brought in by a bulk copy", loop.span)
        for name, s in stages.own.items():
            if not isinstance(s.buffer.extent, Const):
                raise NotApplicable(f"the size of `{name}` is not a constant", s.span)
        if not stages.fixed.all(self.start):
            raise NotApplicable(f"where `{self.i.name}` starts changes while it runs", loop.span)

    def body(self) -> Body:
        trips, final = self._trips(), self.final()
        if trips == 1:
            raise NotApplicable(f"`{self.i.name}` runs only once", self.loop.span)
        named = () if isinstance(final, Const) else (Let(Var(self.fresh(f"{self.i.name}_last"), I32), final),)
        last = named[0].var if named else final
        ahead = self.loaded(expression(atom(self.i) + self.by), self.turn(self.i) + 1)
        if self.late[1]:
            ahead = map_stmts(ahead, self.start_late)
        steady = replace(self.loop, stop=last, kind="serial", body=(
            *ahead, *self.ended(self.worked(self.i, self.turn(self.i))), *((CORE,) if self.late[1] else ())))
        turn = self.turn(last) if trips is None else number(trips - 1)
        inner: Body = (*self.loaded(self.loop.start, number(0)), *named, steady, *self.renamed(self.worked(last, turn)))
        if trips is None:
            inner = (If(Binary("<", self.loop.start, self.loop.stop, BOOL), inner),)
        return (*self.arrays(), *inner)

    def _trips(self) -> int | None:
        trips = (self.stop - self.start).value
        if trips is not None and trips < 1:
            raise NotApplicable(f"`{self.i.name}` never runs", self.loop.span)
        return None if trips is None else -(-trips // self.by)

    def final(self) -> Expr:
        """The value of the loop's variable in its last iteration."""
        if self.by == 1:
            return expression(self.stop - 1)
        trips = self._trips()
        if trips is not None:
            return expression(self.start + (trips - 1) * self.by)
        whole = Binary("/", expression(self.stop - self.start - 1), Const(self.by, I32), I32)
        return expression(self.start + atom(whole) * self.by)

    def turn(self, at: Expr) -> Poly:
        """How many iterations went before this one."""
        p = atom(at) - self.start
        return p if self.by == 1 else atom(Binary("/", expression(p), Const(self.by, I32), I32))

    def arrays(self) -> Body:
        out: list[Stmt] = []
        for name, s in self.stages.own.items():
            b = s.buffer
            if name in self.stages.filled:
                assert isinstance(b.extent, Const)
                b = replace(b, extent=Const(2 * int(b.extent.value), b.extent.dtype))
            out.append(Alloc(b, (), s.span))
        return tuple(out)

    def loaded(self, at: Expr, turn: Poly) -> Body:
        """The tile of iteration `at` brought into its half."""
        load = substitute(tuple(self.stages.load), {self.i: at})
        return self.renamed(self.offset(map_exprs(load, _folded), _half(turn)))

    def worked(self, at: Expr, turn: Poly) -> Body:
        """The work on the tile of iteration `at`, where that tile is."""
        work = tuple(self.stages.work)
        if at != self.i:
            work = map_exprs(substitute(work, {self.i: at}), _folded)
        return self.offset(work, _half(turn))

    def offset(self, body: Body, half: Expr) -> Body:
        """The filled arrays at their half."""
        def at(name: str, index: Expr) -> Expr:
            extent = self.stages.own[name].buffer.extent
            assert isinstance(extent, Const)
            if half == ZERO:
                return index
            whole: Expr = Const(int(extent.value), I32)
            whole = whole if half == ONE else Binary("*", half, whole, I32)
            wide = index.dtype if index.dtype is DType.I64 else I32
            parts = [e if e.dtype is wide else Cast(e, wide) for e in (whole, index)]
            return whole if index == ZERO else Binary("+", parts[0], parts[1], wide)

        def use(e: Expr) -> Expr:
            if isinstance(e, Load | Addr) and e.buffer in self.stages.filled:
                return replace(e, index=at(e.buffer, e.index))
            return e

        def store(s: Stmt) -> Stmt:
            if isinstance(s, Store | Atomic) and s.buffer in self.stages.filled:
                return replace(s, index=at(s.buffer, s.index))
            return s

        return map_stmts(map_exprs(body, use), store)

    def renamed(self, body: Body) -> Body:
        """A second copy of a body declares its own names."""
        declared = [s.var.name if isinstance(s, Let | For) else s.buffer.name
                    for s in statements(body) if isinstance(s, Let | For | Alloc)]
        return rename(body, {n: self.fresh(n) for n in declared})

    def start_late(self, s: Stmt) -> Stmt:
        return replace(s, name=self.late[1]) if isinstance(s, Intrinsic) and _is_copy(s, self.late[0]) else s

    def ended(self, work: Body) -> Body:
        """Copies at the very end go out while the next tile comes in."""
        if not self.late[1]:
            return work
        out = list(work)
        ends = [n for n in range(len(out)) if all(_is_copy(s, self.late[0]) for s in out[n:])]
        used = [b for n in ends for b in _arrays(out[n])]
        for n in ends:
            if used.count(_arrays(out[n])[0]) == 1:  # nobody at the end waits for what it brings
                out[n] = self.start_late(out[n])
        return tuple(out)


def _arrays(copy: Stmt) -> list[str]:
    """Where a bulk copy goes to, and where from."""
    assert isinstance(copy, Intrinsic)
    return [a.buffer for a in copy.args if isinstance(a, Addr)]


def _folded(e: Expr) -> Expr:
    """A product or sum of numbers as a number."""
    match e:
        case Binary("*", Const(a, _), Const(b, _), dtype) if dtype is I32:
            return Const(int(a) * int(b), I32)
        case Binary("+", Const(0, _), b, dtype) if dtype is I32:
            return b
        case Binary("+", a, Const(0, _), dtype) if dtype is I32:
            return a
    return e


def _half(turn: Poly) -> Expr:
    known = turn.value
    return Const(known % 2, I32) if known is not None else Binary("%", expression(turn), Const(2, I32), I32)
