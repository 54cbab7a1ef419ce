"""Count: a while loop that only counts becomes a for loop.

    while (i + 16 <= n) { s += x[i]; i += 16; }    ->    for (j = i; j < n - 15; j += 16) s += x[j];
                                                         i += (n - i) / 16 * 16
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from xpiler.ir.nodes import (
    Assign, Binary, Break, Call, Cast, Const, Continue, Expr, For, Kernel, Let, Return, Stmt, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, buffers_written, names, scalars_read, scalars_written, statements, subexpressions, substitute, walk,
    with_bodies,
)
from xpiler.passes.structured import without_continues

I32 = DType.I32


@dataclass(frozen=True)
class Count:
    """Rewrite every counting while loop of a kernel; what else advances by a fixed step follows from the counter."""

    def apply(self, kernel: Kernel) -> Kernel:
        kernel = replace(kernel, body=without_continues(kernel.body))
        return replace(kernel, body=_Counting(kernel).body(kernel.body))


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
            found = self._counted(s, out) if isinstance(s, While) else None
            out += found or (s,)
        return tuple(out)

    def _counted(self, s: While, before: Sequence[Stmt]) -> tuple[Stmt, ...] | None:
        """The for loop, and what the counters are after it where somebody asks."""
        if not s.body or any(isinstance(x, Break | Continue | Return) for x in statements(s.body)):
            return None
        found = self._step(s)
        if found is None:
            return None
        i, step, body = found
        stop = _stop(s.cond, i)
        if stop is None or i in scalars_written(body) or scalars_read(stop) & scalars_written(s.body):
            return None
        if any(getattr(e, "buffer", None) in buffers_written(s.body) for e in subexpressions(stop)):
            return None
        start = self._start(i, before)
        others, body = self._others(body)
        inside = _reads((s,))
        whole: Expr = Binary("/", _sum(Binary("-", stop, i, i.dtype), int(step.value) - 1), step, i.dtype)
        whole = Call("max", (whole, Const(0, i.dtype)), i.dtype)
        after: list[Stmt] = []
        mine = {x.var for x in before if isinstance(x, Let)}  # a loop around declares these anew
        advanced: list[tuple[Var, Expr]] = [*others.items(), (i, step)]
        for v, far_by in advanced:
            if self.reads[v] > inside[v] or v not in mine:
                far = Binary("*", _as(whole, v.dtype), far_by, v.dtype)
                after.append(Assign(v, Binary("+", v, far, v.dtype), s.span))
        if not others:
            j = Var(self.fresh(i.name), i.dtype)
            return For(j, start, stop, step, substitute(body, {i: j}), "serial", s.span), *after
        trip = Var(self.fresh("trip"), i.dtype)
        values: dict[Var, Expr] = {i: Binary("+", start, Binary("*", trip, step, i.dtype), i.dtype)}
        for v, c in others.items():
            values[v] = Binary("+", v, Binary("*", _as(trip, v.dtype), c, v.dtype), v.dtype)
        trips = Binary("/", _sum(Binary("-", stop, start, i.dtype), int(step.value) - 1), step, i.dtype)
        zero, one = Const(0, i.dtype), Const(1, i.dtype)
        return For(trip, zero, trips, one, substitute(body, values), "serial", s.span), *after

    def _step(self, s: While) -> tuple[Var, Const, tuple[Stmt, ...]] | None:
        """The counter of the condition, its step, and the body without it: nothing after the step looks at the counter,
        so that other counters may advance there."""
        for at in reversed(range(len(s.body))):
            match s.body[at]:
                case Assign(i, Binary("+", Var() as again, by)) if (
                    again == i and not i.dtype.is_float and i in scalars_read(s.cond)
                ):
                    step = self.fixed.get(by) if isinstance(by, Var) else by
                    rest = s.body[at + 1:]
                    if not isinstance(step, Const) or step.value <= 0 or i in scalars_read(rest):
                        return None
                    return i, Const(step.value, i.dtype), (*s.body[:at], *rest)
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

    def _others(self, body: tuple[Stmt, ...]) -> tuple[dict[Var, Expr], tuple[Stmt, ...]]:
        """Scalars that advance by a step of their own at the end of every iteration, and the body without that."""
        others: dict[Var, Expr] = {}
        end = len(body)
        while end:
            match body[end - 1]:
                case Assign(v, Binary("+", Var() as again, Const() | Var() as by)) if (
                    again == v and not v.dtype.is_float and v.dtype is by.dtype and v not in others
                ):
                    others[v] = by
                    end -= 1
                case _:
                    break
        kept = body[:end]
        written = scalars_written(kept)
        for v, step in others.items():
            if v in written or step in written or step in others:
                return {}, body
        return others, kept


def _reads(body: tuple[Stmt, ...]) -> Counter[Var]:
    return Counter(e for e in walk(body) if isinstance(e, Var))


def _as(e: Expr, dtype: DType) -> Expr:
    return e if e.dtype is dtype else Cast(e, dtype)


def _stop(cond: Expr, i: Var) -> Expr | None:
    """The first value of i for which cond fails, for i + c < e and i + c <= e."""
    match cond:
        case Binary("<" | "<=" as op, left, right):
            pass
        case Binary(">" | ">=" as turned, right, left):
            op = "<" if turned == ">" else "<="
        case _:
            return None
    past = 1 if op == "<=" else 0
    match left:
        case Var() if left == i:
            offset = 0
        case Binary("+", Var() as v, Const() as c) | Binary("+", Const() as c, Var() as v) if v == i:
            offset = int(c.value)
        case _:
            return None
    if i in scalars_read(right):
        return None
    return _sum(right, past - offset)


def _sum(e: Expr, c: int) -> Expr:
    if c == 0:
        return e
    if isinstance(e, Const):
        return Const(int(e.value) + c, e.dtype)
    return Binary("+" if c > 0 else "-", e, Const(abs(c), e.dtype), e.dtype)
