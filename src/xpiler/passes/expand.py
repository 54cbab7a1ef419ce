"""Loop expansion: a loop becomes two, one over the first statements of its body and one over the others.

    for i in n:                                        for i in n: t[i] = exp(x[i])
        t = exp(x[i]);  y[i] = t * t         ->        for j in n: y[j] = t[j] * t[j]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from xpiler.facts.accesses import Constancy
from xpiler.facts.independence import independent
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import (
    PLAIN, Alloc, Assign, Atomic, Binary, Buffer, Const, Expr, For, Intrinsic, Kernel, Let, Load, Shuffle, Stmt, Store,
    Var,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, buffers_used, map_exprs, map_stmts, names, scalars_read, scalars_written, statements,
    substitute,
)
from xpiler.passes.fuse import strangers
from xpiler.passes.split import ONE, iterations, loop_named, stays, swapped
from xpiler.passes.step import NotApplicable, applying
from xpiler.platforms.platform import Platform

I32 = DType.I32
LARGEST = 1 << 16  # most elements a scalar or an array becomes


@dataclass(frozen=True)
class Expand:
    """Cut the body of `loop` behind its first `after` statements.

    A scalar or an array that is declared before the cut and used behind it becomes an array with a part for each
    iteration, in memory `memory`."""

    loop: str
    after: int = 1
    memory: str = "local"

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """Every loop, cut behind each of its statements."""
        for loop in (s for s in statements(kernel.body) if isinstance(s, For) and s.kind in PLAIN):
            for after in range(1, min(len(loop.body), 9)):
                yield from applying(kernel, cls(loop.var.name, after))

    def apply(self, kernel: Kernel) -> Kernel:
        loop = loop_named(kernel, self.loop)
        stays(loop)
        if not 0 < self.after < len(loop.body):
            raise NotApplicable(f"the body of `{self.loop}` has {len(loop.body)} statements", loop.span)
        if not all(Constancy(loop)(e) for e in (loop.start, loop.stop, loop.step)):
            raise NotApplicable(f"the bounds of `{self.loop}` change while it runs", loop.span)
        first, second = loop.body[: self.after], loop.body[self.after :]
        if not strangers(first, second):
            try:
                independent(kernel, loop)
            except Unsummarised as e:
                raise NotApplicable(e.why, e.span if e.span.line else loop.span) from e
        arrays, first, second = self._expanded(kernel, loop, first, second)
        fresh = Fresh(names(kernel) | {a.buffer.name for a in arrays})
        again = Var(fresh(loop.var.name), loop.var.dtype)
        behind = replace(loop, var=again, body=substitute(second, {loop.var: again}))
        return replace(kernel, body=swapped(kernel.body, loop, *arrays, replace(loop, body=first), behind))

    def _expanded(
        self, kernel: Kernel, loop: For, first: tuple[Stmt, ...], second: tuple[Stmt, ...]
    ) -> tuple[list[Alloc], tuple[Stmt, ...], tuple[Stmt, ...]]:
        """Arrays for what the first part declares and the second needs, and both parts with them."""
        needed = scalars_read(second) | scalars_written(second)
        scalars = [s.var for s in first if isinstance(s, Let) and s.var in needed]
        touched = buffers_used(second)
        held = [s for s in first if isinstance(s, Alloc) and s.buffer.name in touched]
        if not scalars and not held:
            return [], first, second
        trips = iterations(loop)
        if not isinstance(trips, Const):
            raise NotApplicable(f"how many iterations `{self.loop}` has is known only when it runs", loop.span)
        if any(isinstance(s, Intrinsic | Shuffle | Atomic) for s in (*statements(first), *statements(second))):
            raise NotApplicable("a call may give its result to what would become an array", loop.span)
        number = _number(loop)
        fresh = Fresh(names(kernel))
        arrays: list[Alloc] = []
        places: dict[Var, str] = {}
        for v in scalars:
            places[v] = fresh(f"{v.name}_all")
            arrays.append(Alloc(Buffer(places[v], v.dtype, trips, self.memory)))
        parts: dict[str, Expr] = {}
        for a in held:
            if not isinstance(a.buffer.extent, Const) or a.init or a.buffer.ctype:
                raise NotApplicable(f"`{a.buffer.name}` has a size known only when it runs, or contents", a.span)
            size = int(a.buffer.extent.value)
            arrays.append(replace(a, buffer=replace(a.buffer, extent=Const(size * int(trips.value), I32))))
            parts[a.buffer.name] = Binary("*", number, Const(size, I32), I32)
        for a in arrays:
            assert isinstance(a.buffer.extent, Const)
            if int(a.buffer.extent.value) > LARGEST:
                raise NotApplicable(f"`{a.buffer.name}` would have {a.buffer.extent.value} elements", loop.span)

        def used(e: Expr) -> Expr:
            if isinstance(e, Var) and e in places:
                return Load(places[e], number, e.dtype)
            if isinstance(e, Load) and e.buffer in parts:
                return replace(e, index=Binary("+", parts[e.buffer], e.index, I32))
            return e

        def placed(s: Stmt) -> Stmt | tuple[Stmt, ...]:
            match s:
                case Alloc(buffer) if buffer.name in parts:
                    return ()
                case Let(v, None) if v in places:
                    return ()
                case Let(v, value) | Assign(v, value) if v in places and value is not None:
                    return Store(places[v], number, value, s.span)
                case Store(buffer, index) if buffer in parts:
                    return replace(s, index=Binary("+", parts[buffer], index, I32))
            return s

        def rewritten(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
            return map_stmts(map_exprs(body, used), placed)

        return arrays, rewritten(first), rewritten(second)


def _number(loop: For) -> Expr:
    """The number of an iteration, from 0."""
    far: Expr = loop.var
    if not (isinstance(loop.start, Const) and loop.start.value == 0):
        far = Binary("-", loop.var, loop.start, I32)
    return far if loop.step == ONE else Binary("/", far, loop.step, I32)
