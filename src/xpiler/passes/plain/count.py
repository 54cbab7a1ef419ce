"""Count: a while loop that only counts becomes a for loop.

    while (i + 16 <= n) { s += x[i]; i += 16; }    ->    for (j = i; j < n - 15; j += 16) s += x[j];
                                                         i += (n - i) / 16 * 16
    while (left > 0) { s += *p++; left -= 1; }     ->    for (trip = 0; trip < left; ++trip) s += p[trip]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from xpiler.ir.nodes import (
    Assign, Binary, Break, Call, Cast, Const, Continue, Expr, For, If, Kernel, Let, Return, Stmt, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, buffers_written, names, scalars_read, scalars_written, statements, subexpressions, substitute,
    substitute_expr, walk, with_bodies,
)
from xpiler.passes.plain.structured import negated, without_continues
from xpiler.passes.plain.whole_steps import in_whole_steps

I32 = DType.I32
TRUE = Const(1, DType.BOOL)


@dataclass(frozen=True)
class Count:
    """Rewrite every counting while loop of a kernel; what else advances by a fixed step follows from the counter."""

    def apply(self, kernel: Kernel) -> Kernel:
        kernel = replace(kernel, body=without_continues(kernel.body))
        return replace(kernel, body=_Counting(kernel).body(kernel.body))


@dataclass(frozen=True)
class _Step:
    """What a scalar becomes in every iteration: itself + or - this much."""

    op: str
    by: Const | Var

    def after(self, v: Expr, trips: Expr | None = None) -> Expr:
        """It, so many iterations later; the next one without a number."""
        far: Expr = self.by
        if trips is not None:
            far = _as(trips, v.dtype)
            far = far if self.by == Const(1, v.dtype) else Binary("*", far, self.by, v.dtype)
        return Binary(self.op, v, far, v.dtype)


class _Counting:
    """What is known of a kernel's scalars."""

    def __init__(self, kernel: Kernel) -> None:
        self.fresh = Fresh(names(kernel))
        self.again = {s.var for s in statements(kernel) if isinstance(s, Assign)}
        self.fixed = {s.var: s.value for s in statements(kernel)
                      if isinstance(s, Let) and isinstance(s.value, Const) and s.var not in self.again}
        self.reads = _reads(kernel.body)

    def body(self, stmts: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        out: list[Stmt] = []
        for old in stmts:
            s = with_bodies(old, self.body)
            loop, last = _tested_first(s) if isinstance(s, While) else (s, ())
            if isinstance(loop, While):
                loop = in_whole_steps(loop, tuple(out), self.reads)
            found = self._counted(loop, out) if isinstance(loop, While) else None
            out += (*found, *last) if found else (s,)
        return tuple(out)

    def _counted(self, s: While, before: Sequence[Stmt]) -> tuple[Stmt, ...] | None:
        """The for loop, and what the counters are after it where somebody asks."""
        if not s.body or any(isinstance(x, Break | Continue | Return) for x in statements(s.body)):
            return None
        found = self._step(s)
        if found is None:
            return None
        i, step, body = found
        end = _end(s.cond, i, step)
        if end is None or i in scalars_written(body) or scalars_read(end.at) & scalars_written(s.body):
            return None
        if any(getattr(e, "buffer", None) in buffers_written(s.body) for e in subexpressions(end.at)):
            return None
        start = self._start(i, before)
        others, body = self._others(body)
        inside = _reads((s,))
        zero, one = Const(0, I32), Const(1, I32)
        whole: Expr = Call("max", (end.trips(i, step), zero), I32)
        after: list[Stmt] = []
        mine = {x.var for x in before if isinstance(x, Let)}  # a loop around declares these anew
        for v, far_by in (*others.items(), (i, step)):
            if self.reads[v] > inside[v] or v not in mine:
                after.append(Assign(v, far_by.after(v, whole), s.span))
        if not others and step.op == "+" and isinstance(step.by, Const) and i.dtype is I32:
            j = Var(self.fresh(i.name), I32)
            stop = _sum(_as(end.at, I32), end.past)
            return For(j, start, stop, step.by, substitute(body, {i: j}), "serial", s.span), *after
        trip = Var(self.fresh("trip"), I32)
        values: dict[Var, Expr] = {i: step.after(start, trip)} | {v: by.after(v, trip) for v, by in others.items()}
        trips = end.trips(start, step)
        return For(trip, zero, trips, one, substitute(body, values), "serial", s.span), *after

    def _step(self, s: While) -> tuple[Var, _Step, tuple[Stmt, ...]] | None:
        """The counter of the condition, its step, and the body without it, which says itself where it means the counter
        after the step."""
        for at in reversed(range(len(s.body))):
            match s.body[at]:
                case Assign(i, Binary("+" | "-" as op, Var() as again, by)) if (
                    again == i and not i.dtype.is_float and i in scalars_read(s.cond)
                ):
                    known = self.fixed.get(by) if isinstance(by, Var) else by
                    if not isinstance(known, Const) or known.value == 0:
                        return None
                    if known.value < 0:
                        op = "-" if op == "+" else "+"
                    step = _Step(op, Const(abs(known.value), i.dtype))
                    return i, step, (*s.body[:at], *substitute(s.body[at + 1:], {i: step.after(i)}))
        return None

    def _start(self, i: Var, before: Sequence[Stmt]) -> Expr:
        """What the counter starts at, by a name that never changes where it has one."""
        for s in reversed(before):
            if isinstance(s, Let) and s.var == i:
                known = isinstance(s.value, Const) or isinstance(s.value, Var) and s.value not in self.again
                return s.value if known and s.value is not None and s.value.dtype is i.dtype else i
            if i in scalars_written((s,)):
                break
        return i

    def _others(self, body: tuple[Stmt, ...]) -> tuple[dict[Var, _Step], tuple[Stmt, ...]]:
        """Scalars that advance by a step of their own once in every iteration, and the body without that, which says
        itself where it means them after the step."""
        others: dict[Var, _Step] = {}
        at = 0
        while at < len(body):
            match body[at]:
                case Assign(v, Binary("+" | "-" as op, Var() as again, Const() | Var() as by)) if (
                    again == v and not v.dtype.is_float and v.dtype is by.dtype
                ):
                    rest = (*body[:at], *body[at + 1:])
                    written = scalars_written(rest) | others.keys()
                    if v not in written and by not in written:
                        others[v] = _Step(op, by)
                        body = (*body[:at], *substitute(body[at + 1:], {v: others[v].after(v)}))
                        continue
            at += 1
        return others, body


def _reads(body: tuple[Stmt, ...]) -> Counter[Var]:
    return Counter(e for e in walk(body) if isinstance(e, Var))


def _as(e: Expr, dtype: DType) -> Expr:
    if isinstance(e, Const):
        return Const(e.value, dtype)
    return e if e.dtype is dtype else Cast(e, dtype)


@dataclass(frozen=True)
class _End:
    """Where a counter stops: the first value at + past, or what lies beyond it."""

    at: Expr
    past: int

    def trips(self, i: Expr, step: _Step) -> Expr:
        """How often a counter advances from i; negative, and not by much, where it is beyond from the start. A loop has
        fewer than 2^31 iterations."""
        dtype = I32 if i.dtype is self.at.dtype is I32 else DType.I64
        by = int(step.by.value) if isinstance(step.by, Const) else 1
        a, b = (_as(e, dtype) for e in ((self.at, i) if step.op == "+" else (i, self.at)))
        more = by - 1 + (self.past if step.op == "+" else -self.past)
        left = _sum(a, more - int(b.value)) if isinstance(b, Const) else _sum(Binary("-", a, b, dtype), more)
        return _as(left if by == 1 else Binary("/", left, Const(by, dtype), dtype), I32)


def _tested_first(s: While) -> tuple[While, tuple[Stmt, ...]]:
    """`while (i-- > 0) rest`, read as an endless loop that takes the step before it may leave, as one with a condition;
    and the step that is taken once more."""
    if s.cond == TRUE and len(s.body) > 3:
        match s.body[:3]:
            case (
                Let(t, Var() as i), Assign(j, Binary("+" | "-" as op, Var() as old, Const() as by) as next_),
                If(cond, (Break(),), ()),
            ) if i == j and t == old and i not in scalars_read(cond) and t not in scalars_written(s.body[2:]):
                step = Assign(i, replace(next_, a=i), s.span)
                back: Expr = Binary("-" if op == "+" else "+", i, by, i.dtype)
                return replace(s, cond=negated(substitute_expr(cond, {t: i})), body=(
                    step, *substitute(s.body[3:], {t: back}))), (step,)
    return s, ()


def _end(cond: Expr, i: Var, step: _Step) -> _End | None:
    """Where cond fails, for i + c < e and i + c <= e, or for a counter that falls the other way round."""
    if not isinstance(cond, Binary):
        return None
    op, left, right = cond.op, _bare(cond.a), _bare(cond.b)
    if i in scalars_read(right):
        op, left, right = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op), right, left
    if op == "!=" and step.by == Const(1, i.dtype):
        op = "<" if step.op == "+" else ">"  # it gets there, or goes on for ever
    if op not in (("<", "<=") if step.op == "+" else (">", ">=")) or i in scalars_read(right):
        return None
    match left:
        case Var() if left == i:
            offset = 0
        case Binary("+", Var() as v, Const() as c) | Binary("+", Const() as c, Var() as v) if v == i:
            offset = int(c.value)
        case Binary("-", Var() as v, Const() as c) if v == i:
            offset = -int(c.value)
        case _:
            return None
    past = (0 if op in ("<", ">") else 1 if step.op == "+" else -1) - offset
    if isinstance(right, Const):
        return _End(Const(int(right.value) + past, I32 if i.dtype is I32 else DType.I64), 0)
    return _End(right, past)


def _bare(e: Expr) -> Expr:
    """A number without its conversion to a longer one."""
    match e:
        case Cast(a, dtype) if not a.dtype.is_float and not dtype.is_float and dtype.bits >= a.dtype.bits >= 32:
            return a
    return e


def _sum(e: Expr, c: int) -> Expr:
    match e:
        case _ if c == 0:
            return e
        case Const(value):
            return Const(int(value) + c, e.dtype)
    return Binary("+" if c > 0 else "-", e, Const(abs(c), e.dtype), e.dtype)
