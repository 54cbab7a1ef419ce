"""Unroll and jam: several iterations of a loop are run together, inside the loops that its body has.

    for i in 64:                              for i in 16:
        s = 0                                     for r in 4: s[r] = 0
        for k in n:                    ->         for k in n:
            v = y[k]                                  v = y[k]
            s += x[i, k] * v                          for r in 4: s[r] += x[4*i + r, k] * v
        z[i] = s                                  for r in 4: z[4*i + r] = s[r]

What is the same in all of them is computed once; what differs and lives from one loop to the next becomes an array.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Self

from xpiler.facts.accesses import Constancy
from xpiler.facts.independence import independent
from xpiler.facts.polynomial import Poly, atom, expression, polynomial
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import (
    PLAIN, Addr, Alloc, Assign, Binary, Buffer, Const, Expr, For, If, Intrinsic, Kernel, Let, Load, Stmt, Store, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, bodies, declared, expressions, free_vars, map_exprs, map_stmts, names, rename, scalars_written, statements,
    subexpressions, with_bodies,
)
from xpiler.passes.split import loop_named, swapped
from xpiler.passes.step import NotApplicable, applying
from xpiler.platforms.platform import Platform

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
LARGEST = 64  # elements of a plain array that several iterations have a part of
FACTORS = (2, 4, 8)
Body = tuple[Stmt, ...]


@dataclass(frozen=True)
class Jam:
    """Run `factor` iterations of `loop` together."""

    loop: str
    factor: int

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """Every loop around another one, by small powers of two."""
        for loop in (s for s in statements(kernel.body) if isinstance(s, For)):
            for factor in FACTORS if any(isinstance(s, For) for s in statements(loop.body)) else ():
                yield from applying(kernel, cls(loop.var.name, factor))

    def apply(self, kernel: Kernel) -> Kernel:
        loop = loop_named(kernel, self.loop)
        if self.factor < 2:
            raise NotApplicable(f"{self.factor} iterations are not several", loop.span)
        if isinstance(loop.stop, Const) and int(loop.stop.value) < self.factor:
            raise NotApplicable(f"`{self.loop}` has fewer iterations than {self.factor}", loop.span)
        if loop.kind not in PLAIN:
            raise NotApplicable(f"`{self.loop}` is bound to {loop.kind}", loop.span)
        try:
            independent(kernel, loop)
        except Unsummarised as e:
            raise NotApplicable(e.why, e.span if e.span.line else loop.span) from e
        made = jammed(loop, self.factor, Fresh(names(kernel)), f"{self.loop}_i")
        return replace(kernel, body=swapped(kernel.body, loop, *made))


def jammed(loop: For, factor: int, fresh: Fresh, stem: str) -> Body:
    """A loop of independent iterations, `factor` of them at a time, and what is left one by one. `stem`: what the
    number of an iteration among those is called."""
    return _Jam(loop, factor, fresh, stem).made()


def same_in_all(loop: For) -> frozenset[int]:
    """The statements in a loop, by `id`, that do the same in each of its iterations."""
    jam = _Jam(loop, 1, Fresh(), "")
    return frozenset(id(s) for s in statements(loop.body) if not jam.differs(s))


@dataclass
class _Jam:
    """One loop, what of its body differs between iterations, and what of that is an array for several of them."""

    loop: For
    factor: int
    fresh: Fresh
    stem: str
    apart: set[str] = field(default_factory=set)
    parts: dict[str, Alloc | Let] = field(default_factory=dict)
    known: dict[int, tuple[Stmt, bool]] = field(default_factory=dict)  # by `id`: whether a statement differs

    def __post_init__(self) -> None:
        _suits(self.loop)
        self.own = set(declared(self.loop.body))
        self.stored = {n for s in statements(self.loop.body) for n in _written(s)} - self.own
        self.apart.add(self.loop.var.name)
        before = 0
        while before != len(self.apart):
            before = len(self.apart)
            self._mark(self.loop.body, False)

    def _mark(self, body: Body, within: bool) -> None:
        for s in body:
            differs = within or self._differs(s)
            self.apart |= _written(s) & self.own if differs else set()
            for part in bodies(s):
                self._mark(part, differs)

    def _differs(self, s: Stmt) -> bool:
        """Whether a statement itself, not what is in its bodies, does something else in another iteration."""
        return bool(_used(s) & (self.apart | self.stored))

    def differs(self, s: Stmt) -> bool:
        """Whether a statement or one in it does."""
        if id(s) not in self.known:
            found = self._differs(s) or any(self.differs(x) for part in bodies(s) for x in part)
            self.known[id(s)] = s, found
        return self.known[id(s)][1]

    # ------------------------------------------------------------ what is made of it

    def made(self) -> Body:
        body = sunk(self.loop.body, self.stored)
        self._find_parts(body)
        whole, left = _counts(self.loop.stop, self.factor)
        main = self._together(body, Poly() if whole == ONE else atom(self.loop.var) * self.factor)
        out: Body = main if whole == ONE else (replace(self.loop, stop=whole, body=main),)
        return out if left == ZERO else (*out, *self._rest(polynomial(whole, {}) * self.factor, left))

    def _rest(self, done: Poly, left: Expr) -> Body:
        """The iterations that are left, one by one."""
        copy = rename(self.loop.body, {name: self.fresh(name) for name in declared(self.loop.body)})
        if left == ONE:
            return located(copy, self.loop.var, done)
        var = Var(self.fresh(self.stem), I32)
        return (replace(self.loop, var=var, stop=left, body=located(copy, self.loop.var, done + atom(var))),)

    def _enters(self, s: Stmt) -> bool:
        """Whether all iterations go through a loop or a choice together."""
        return isinstance(s, For | If) and not self._differs(s) and self.differs(s)

    def _runs(self, body: Body) -> Iterator[list[Stmt]]:
        """What of a body stands between the loops and choices that are entered, and each of these alone; what is the
        same in all iterations may come first in a run."""
        run: list[Stmt] = []
        before: set[str] = set()  # what those of the run that differ have to do with
        for s in body:
            enters, differs = self._enters(s), self.differs(s)
            if run and (enters or not differs and before & _all_written(s)):
                yield run
                run, before = [], set()
            run.append(s)
            before |= _all_used(s) if differs else set()
            if enters:
                yield run
                run, before = [], set()
        if run:
            yield run

    def _find_parts(self, body: Body) -> None:
        """What differs between iterations and is used in more than one run."""
        runs: dict[str, set[int]] = {}
        for n, run in enumerate(self._all_runs(body)):
            for name in {x for s in run for x in _all_used(s)} & self.apart:
                runs.setdefault(name, set()).add(n)
        for s in statements(body):
            name = s.buffer.name if isinstance(s, Alloc) else s.var.name if isinstance(s, Let) else ""
            if isinstance(s, Alloc | Let) and len(runs.get(name, ())) > 1:
                self._hold(s)
                self.parts[name] = s
        for s in statements(body):
            if isinstance(s, Intrinsic) and isinstance(s.result, Var) and s.result.name in self.parts:
                raise NotApplicable(f"a call gives `{s.result.name}` its value", s.span)

    def _all_runs(self, body: Body) -> Iterator[list[Stmt]]:
        for run in self._runs(body):
            if self._enters(run[0]):
                for part in bodies(run[0]):
                    yield from self._all_runs(part)
            else:
                yield run

    def _hold(self, s: Alloc | Let) -> None:
        """What becomes an array can be one."""
        if isinstance(s, Let):
            return
        b = s.buffer
        large = not b.ctype and isinstance(b.extent, Const) and int(b.extent.value) * self.factor > LARGEST
        if s.init or not isinstance(b.extent, Const) or large:
            raise NotApplicable(f"each iteration would have a `{b.name}` of its own", s.span)

    def _together(self, body: Body, first: Poly) -> Body:
        """A body for all iterations that run together, of which `first` is the first."""
        out: list[Stmt] = []
        for run in self._runs(body):
            if self._enters(run[0]):
                out.append(with_bodies(run[0], lambda b: self._together(b, first)))
                continue
            apart = [s for s in run if self.differs(s) or _declares(s) & self.apart]
            out += [self._array(s) for s in apart if _declares(s) & self.parts.keys()]
            out += [s for s in run if s not in apart]
            if each := [s for s in apart if not isinstance(s, Alloc) or s.buffer.name not in self.parts]:
                out.append(self._one_by_one(tuple(each), first))
        return tuple(out)

    def _array(self, s: Stmt) -> Alloc:
        """The array that something becomes."""
        if isinstance(s, Let):
            return Alloc(Buffer(s.var.name, s.var.dtype, Const(self.factor, I32), "local"))
        assert isinstance(s, Alloc) and isinstance(s.buffer.extent, Const), "it was seen when it was chosen"
        return replace(s, buffer=replace(s.buffer, extent=Const(int(s.buffer.extent.value) * self.factor, I32)))

    def _one_by_one(self, body: Body, first: Poly) -> Stmt:
        """A stretch of the body once for each of the iterations that run together."""
        number = Var(self.fresh(self.stem), I32)

        def part(buffer: str, index: Expr) -> Expr:
            s = self.parts[buffer]
            return number if isinstance(s, Let) else self._part(s.buffer, index, number)

        def read(e: Expr) -> Expr:
            if isinstance(e, Var) and e.name in self.parts:
                return Load(e.name, number, e.dtype)
            if isinstance(e, Load | Addr) and e.buffer in self.parts:
                return replace(e, index=part(e.buffer, e.index))
            return e

        def written(s: Stmt) -> Body:
            match s:
                case Let(var, None) if var.name in self.parts:
                    return ()
                case Let(var, value) | Assign(var, value) if var.name in self.parts and value is not None:
                    return (Store(var.name, number, value),)
                case Store(buffer, index, value) if buffer in self.parts:
                    return (Store(buffer, part(buffer, index), value),)
            return (s,)

        made = map_stmts(map_exprs(located(body, self.loop.var, first + atom(number)), read), written)
        return For(number, ZERO, Const(self.factor, I32), ONE, made, "unroll")

    def _part(self, b: Buffer, index: Expr, number: Var) -> Expr:
        """Where an element is once every iteration has a part: in the next place, or the next register."""
        if not b.ctype:
            return expression(polynomial(index, {}) * self.factor + atom(number))
        match index:
            case Binary("*", which, Const() as lanes):
                at = polynomial(which, {}) * self.factor
            case Const(value) if value == 0 and isinstance(b.extent, Const):
                at, lanes = Poly(), b.extent
            case _:
                raise NotApplicable(f"a part of `{b.name}` is used")
        return Binary("*", expression(at + atom(number)), lanes, I32)


def _suits(loop: For) -> None:
    """NotApplicable where more than values hangs on the order of iterations."""
    if loop.start != ZERO or loop.step != ONE:
        raise NotApplicable(f"`{loop.var.name}` does not count from 0 by 1", loop.span)
    for s in statements(loop.body):
        if not isinstance(s, Alloc | Let | Assign | Store | Intrinsic | If | For):
            raise NotApplicable("an iteration may end early, or meet others", s.span)
    outside = scalars_written(loop.body) & free_vars(loop.body)
    if outside:
        raise NotApplicable(f"`{min(v.name for v in outside)}` is set for other iterations", loop.span)
    if not Constancy(loop)(loop.stop):
        raise NotApplicable(f"where `{loop.var.name}` ends changes while it runs", loop.span)


def _counts(extent: Expr, factor: int) -> tuple[Expr, Expr]:
    """How often so many iterations run together, and how many are left."""
    match extent:
        case Const(value):
            return Const(int(value) // factor, I32), Const(int(value) % factor, I32)
        case Binary("/", n, Const(by), dtype):
            whole: Expr = Binary("/", n, Const(int(by) * factor, I32), dtype)
        case _:
            whole = Binary("/", extent, Const(factor, I32), I32)
    return whole, Binary("%", extent, Const(factor, I32), I32)


def located(body: Body, var: Var, at: Poly) -> Body:
    """A body where a scalar has that value; indices it is part of are written anew."""
    whole = expression(at)
    moved = {whole}

    def one(e: Expr) -> Expr:
        if e == var:
            return whole
        if isinstance(e, Binary) and e.op in ("+", "-", "*") and e.dtype is I32 and (e.a in moved or e.b in moved):
            e = expression(polynomial(e, {}))
            moved.add(e)
        return e

    return map_exprs(body, one)


def sunk(body: Body, stored: set[str]) -> Body:
    """A body whose declarations stand in front of their first use, where what they begin with is the same there."""
    changing = {v.name for v in scalars_written(body)} | stored | set(declared(body))
    out: list[tuple[Stmt, set[str]]] = []  # and what it has to do with
    for s in reversed(body):
        at = 0
        fixed = isinstance(s, Let) and not {n for e in expressions(s) for n in _in(e)} & changing
        if fixed or isinstance(s, Alloc) and not s.init:
            (name,) = _declares(s)
            at = next((n for n, (_, used) in enumerate(out) if name in used), 0)
        out.insert(at, (with_bodies(s, lambda b: sunk(b, stored)), _all_used(s)))
    return tuple(s for s, _ in out)


def _declares(s: Stmt) -> frozenset[str]:
    match s:
        case Alloc(buffer):
            return frozenset({buffer.name})
        case Let(var):
            return frozenset({var.name})
    return frozenset()


def _in(e: Expr) -> Iterator[str]:
    """The names of scalars and buffers in an expression."""
    for x in subexpressions(e):
        if isinstance(x, Var):
            yield x.name
        elif isinstance(x, Load | Addr):
            yield x.buffer


def _written(s: Stmt) -> frozenset[str]:
    """The scalars and buffers that a statement itself may give a value to."""
    match s:
        case Let(var) | Assign(var) | For(var) | Intrinsic(result=Var() as var):
            return frozenset({var.name})
        case Store(buffer):
            return frozenset({buffer})
        case Intrinsic(_, _, Addr(buffer)):
            return frozenset({buffer})
        case Intrinsic(_, args, None):
            return frozenset(a.buffer for a in args if isinstance(a, Addr))
    return frozenset()


def _all_written(s: Stmt) -> set[str]:
    return {n for x in statements(s) for n in _written(x)}


def _all_used(s: Stmt) -> set[str]:
    """What a statement or one in it has to do with, what it declares too."""
    return {n for x in statements(s) for n in _used(x) | _declares(x)}


def _used(s: Stmt) -> frozenset[str]:
    """The scalars and buffers that a statement itself has to do with; not what it only declares."""
    return _written(s) | frozenset(n for e in expressions(s) for n in _in(e))
