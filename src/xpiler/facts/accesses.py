"""Every access a loop makes to an array: its index, the loops and the conditions around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from xpiler.facts.polynomial import Poly, expanded, polynomial
from xpiler.facts.writes import Unsummarised
from xpiler.fault import NOWHERE, Span
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Barrier, Binary, Break, Continue, Expr, For, If, Intrinsic, Kernel, Launch, Let, Load,
    Return, Select, Shuffle, Stmt, Store, Unary, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    buffers_written, defines, expressions, operands, scalars_read, statements, subexpressions,
)

BOOL = DType.BOOL


@dataclass(frozen=True)
class Access:
    """One place in the text that reads or stores an element; `loops` from the loop looked at inwards.

    `certain`: it happens exactly when `guards` hold, in every iteration of `loops`. `after_own`: a read of what the
    same iteration has stored before."""

    place: Load | Store
    index: Poly
    loops: tuple[For, ...]
    guards: tuple[Expr, ...]
    certain: bool
    after_own: bool
    span: Span

    @property
    def element(self) -> DType:
        return self.place.value.dtype if isinstance(self.place, Store) else self.place.dtype

    @property
    def stores(self) -> bool:
        return isinstance(self.place, Store)


def names_of_values(body: tuple[Stmt, ...]) -> dict[Var, Expr]:
    """The scalars that only name an expression of other scalars: declared with it, never given another value."""
    changed = [v for s in statements(body) if not isinstance(s, Let | For) and (v := defines(s)) is not None]
    fixed = {s.var: s.value for s in statements(body) if isinstance(s, Let) and s.value is not None}
    lets: dict[Var, Expr] = {}
    for v, e in fixed.items():  # in the order of the text: what a value is made of comes first
        if v not in changed and not any(isinstance(x, Load) for x in subexpressions(e)) \
                and not scalars_read(e) & set(changed):
            lets[v] = e
    return lets


def accesses(kernel: Kernel, loop: For, buffer: str) -> list[Access]:
    """All accesses to `buffer` in the body of `loop`, in the order of the text.

    Raises Unsummarised where the array goes to a function or is updated by an atomic."""
    walk_ = _Walk(buffer, names_of_values(kernel.body))
    walk_.loop(loop)
    leaves = any(isinstance(s, Return | Break | Continue) for s in statements(loop.body))
    return [replace(a, certain=False) for a in walk_.found] if leaves else walk_.found


class Constancy:
    """Which expressions have one value all through a loop."""

    def __init__(self, loop: For) -> None:
        self.scalars = {v for v in map(defines, statements((loop,))) if v is not None}
        self.arrays = set(buffers_written(loop.body))
        self.arrays |= {s.buffer.name for s in statements(loop.body) if isinstance(s, Alloc)}

    def __call__(self, e: Expr) -> bool:
        return not any(x in self.scalars if isinstance(x, Var) else x.buffer in self.arrays
                       for x in subexpressions(e) if isinstance(x, Var | Load | Addr))

    def all(self, p: Poly) -> bool:
        """Every atom of p has one value."""
        return all(map(self, p.atoms))


def exchange(loop: For) -> Stmt | None:
    """A statement of a loop at which others may change what it sees."""
    return next((s for s in statements(loop.body) if isinstance(s, Barrier | Shuffle | Launch)), None)


@dataclass
class _Walk:
    """Goes over a loop with what surrounds the current statement."""

    buffer: str
    lets: Mapping[Var, Expr]
    loops: tuple[For, ...] = ()
    guards: tuple[Expr, ...] = ()
    certain: bool = True
    stored: frozenset[Poly] = frozenset()  # places this iteration has stored to for sure
    span: Span = NOWHERE
    found: list[Access] = field(default_factory=list)

    def note(self, place: Load | Store) -> None:
        index = polynomial(place.index, self.lets)
        own = isinstance(place, Load) and index in self.stored
        self.found.append(Access(place, index, self.loops, self.guards, self.certain, own, self.span))

    def loop(self, s: For) -> None:
        outer, self.loops = self.loops, (*self.loops, s)
        self.body(s.body)
        self.loops = outer

    def body(self, body: tuple[Stmt, ...]) -> None:
        before = self.stored
        for s in body:
            if s.span.line:
                self.span = s.span
            self.statement(s)
        self.stored = before

    def statement(self, s: Stmt) -> None:
        for e in expressions(s):
            self.expr(e)
        match s:
            case Store(buffer) if buffer == self.buffer:
                self.note(s)
                self.stored |= {polynomial(s.index, self.lets)}
            case Atomic(buffer=buffer) if buffer == self.buffer:
                raise Unsummarised(f"`{buffer}` is updated by an atomic", s.span)
            case For():
                self.loop(s)
            case While(body=body):
                outer, self.certain = self.certain, False
                self.body(body)
                self.certain = outer
            case If(cond, then, orelse):
                self.under(cond, then)
                self.under(_not(cond), orelse)
            case Let() | Assign() | Store() | Alloc() | Intrinsic() | Shuffle() | Atomic() | Barrier() | Return() \
                    | Break() | Continue() | Launch():
                pass
            case _:
                raise TypeError(f"not a statement: {s!r}")

    def under(self, cond: Expr, body: tuple[Stmt, ...]) -> None:
        if body:
            outer = self.guards
            self.guards = (*outer, expanded(cond, self.lets))
            self.body(body)
            self.guards = outer

    def expr(self, e: Expr) -> None:
        match e:
            case Addr(buffer) if buffer == self.buffer:
                raise Unsummarised(f"`{buffer}` is handed to a function", self.span)
            case Load(buffer) if buffer == self.buffer:
                self.note(e)
            case Select(cond, a, b):
                self.expr(cond)
                self.when(cond, a)
                self.when(_not(cond), b)
                return
            case Binary("&&" | "||" as op, a, b):
                self.expr(a)
                self.when(a if op == "&&" else _not(a), b)
                return
        for a in operands(e):
            self.expr(a)

    def when(self, cond: Expr, e: Expr) -> None:
        """e is evaluated where cond holds."""
        outer = self.guards
        self.guards = (*outer, expanded(cond, self.lets))
        self.expr(e)
        self.guards = outer


def _not(cond: Expr) -> Expr:
    return cond.a if isinstance(cond, Unary) and cond.op == "!" else Unary("!", cond, BOOL)
