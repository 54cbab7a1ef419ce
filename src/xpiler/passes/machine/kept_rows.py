"""Kept rows: what the passes over a row read again, or compute again, stays in registers of the thread that has it.

    for (k = t; k < 128; k += 32) a = max(a, x[k])        ->    for i in 4: x_row[i] = x[i*32 + t]; a = max(a, x_row[i])
    ...                                                         ...
    for (k = t; k < 128; k += 32) s += exp(x[k] - a)      ->    for i in 4: v[i] = exp(x_row[i] - a); s += v[i]
    ...                                                         ...
    for (k = t; k < 128; k += 32) y[k] = exp(x[k] - a)/s  ->    for i in 4: y[i*32 + t] = v[i] / s
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from xpiler.facts.polynomial import atom
from xpiler.ir.nodes import (
    Alloc, Assign, Binary, Buffer, Call, Cast, Const, Expr, For, Load, Select, Stmt, Store, Unary, Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, buffers_written, operands, scalars_read, scalars_written, subexpressions, substitute_expr,
)
from xpiler.passes.jam import located

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
EACH = 16  # elements of a row that a thread keeps, at most
ALL = 32  # registers that it keeps them in
_ANY = Var("?", I32)


def kept_rows(body: list[Stmt], t: Var, threads: int, fresh: Fresh, given: Collection[str]) -> list[Stmt]:
    """The statements of one of `threads` threads, what it reads or computes again in registers. Arrays of `given` are
    the caller's."""
    rows = _Rows(body, t, threads, fresh, set(given) - buffers_written(tuple(body)))
    rows.find()
    return rows.rewritten() if rows.wanted else body


@dataclass
class _Rows:
    """The loops that all threads share of a body, and what they have in common. `fixed` are arrays nobody changes."""

    body: list[Stmt]
    t: Var
    threads: int
    fresh: Fresh
    fixed: set[str]
    wanted: dict[Expr, int] = field(default_factory=dict)  # what is kept, by the position of the loop that has it first
    kept: dict[Expr, str] = field(default_factory=dict)  # and the array it is in

    def find(self) -> None:
        """What of a loop is in a later one too, the largest parts of that."""
        first: dict[Expr, int] = {}
        for at, s in enumerate(self.body):
            if (loop := self.shared(s)) is None:
                continue
            for x in loop.body:
                if isinstance(x, Assign | Store):
                    self._want(_of(x.value, loop.var), first, at)
            for e in (_of(e, loop.var) for x in loop.body for e in _every(x)):
                if self.keeps(e):
                    first.setdefault(e, at)

    def _want(self, e: Expr, first: dict[Expr, int], at: int) -> None:
        began = first.get(e)
        if began is not None and not scalars_read(e) & scalars_written(tuple(self.body[began:at])) - {_ANY}:
            each = sum(self.count(self.body[n]) for n in self.wanted.values())
            if e in self.wanted or each + self.count(self.body[began]) <= ALL:
                self.wanted.setdefault(e, began)
                return
        for x in operands(e) if not isinstance(e, Load) else ():
            self._want(x, first, at)

    def shared(self, s: Stmt) -> For | None:
        """A loop each of whose iterations one thread has, and each thread equally many, few."""
        match s:
            case For(_, start, Const(stop), Const(step), body, "serial") if start == self.t and step == self.threads:
                plain = all(isinstance(x, Assign | Store) for x in body)
                count = int(stop) // self.threads
                return s if plain and int(stop) % self.threads == 0 and 1 < count <= EACH else None
        return None

    def count(self, s: Stmt) -> int:
        """How many iterations of it a thread has."""
        return int(s.stop.value) // self.threads if isinstance(s, For) and isinstance(s.stop, Const) else 0

    def keeps(self, e: Expr) -> bool:
        """Whether a value is worth a register: an element, or a function of one, of arrays that nobody changes."""
        loads = [x for x in subexpressions(e) if isinstance(x, Load)]
        varies = any(_ANY in scalars_read(x.index) for x in loads)
        return e.dtype.is_float and isinstance(e, Load | Call) and varies and all(x.buffer in self.fixed for x in loads)

    def rewritten(self) -> list[Stmt]:
        """The body with its arrays, and with the loops that use them over a thread's own elements."""
        out: list[Stmt] = []
        for s in self.body:
            loop = self.shared(s)
            if loop is None or not any(_of(e, loop.var) in self.wanted for x in loop.body for e in _every(x)):
                out.append(s)
                continue
            turn = _Turn(self, loop, Var(self.fresh("i"), I32))
            body = turn.body()
            out += [*turn.arrays, replace(
                loop, var=turn.own, start=ZERO, stop=Const(self.count(loop), I32), step=ONE, body=body, kind="unroll")]
        return out


@dataclass
class _Turn:
    """One of the loops: what it leaves in arrays, before the statement that needs it."""

    rows: _Rows
    loop: For
    own: Var
    arrays: list[Alloc] = field(default_factory=list)
    done: list[Stmt] = field(default_factory=list)

    def body(self) -> tuple[Stmt, ...]:
        for s in self.loop.body:
            assert isinstance(s, Assign | Store), "it is one of the loops that were chosen"
            self.done.append(replace(s, value=self.value(s.value)))
        return located(tuple(self.done), self.loop.var, atom(self.own) * self.rows.threads + atom(self.rows.t))

    def value(self, e: Expr) -> Expr:
        """An expression of the loop, what is kept of it from the array that it is in."""
        key = _of(e, self.loop.var)
        if key not in self.rows.wanted:
            return _rebuilt(e, self.value)
        if key not in self.rows.kept:
            value = _rebuilt(e, self.value)
            name = self.rows.kept[key] = self.rows.fresh(f"{e.buffer}_row" if isinstance(e, Load) else "values")
            self.arrays.append(Alloc(Buffer(name, e.dtype, Const(self.rows.count(self.loop), I32), "local")))
            self.done.append(Store(name, self.own, value))
        return Load(self.rows.kept[key], self.own, e.dtype)


def _every(s: Stmt) -> list[Expr]:
    """All expressions of the value that a statement leaves somewhere."""
    return list(subexpressions(s.value)) if isinstance(s, Assign | Store) else []


def _of(e: Expr, var: Var) -> Expr:
    """An expression as it is in any of the loops."""
    return substitute_expr(e, {var: _ANY})


def _rebuilt(e: Expr, f: Callable[[Expr], Expr]) -> Expr:
    """An expression over others; where an element lies stays."""
    match e:
        case Unary(_, a) | Cast(a):
            return replace(e, a=f(a))
        case Binary(_, a, b):
            return replace(e, a=f(a), b=f(b))
        case Select(cond, a, b):
            return replace(e, cond=f(cond), a=f(a), b=f(b))
        case Call(_, args):
            return replace(e, args=tuple(map(f, args)))
    return e
