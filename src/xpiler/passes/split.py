"""Loop split: one loop becomes two, the inner one of a fixed length.

    for i in n: y[i] = x[i] + 1        ->        for io in (n + 31) / 32: for ii in 32:
                                                     if (32 * io + ii < n) y[32 * io + ii] = x[32 * io + ii] + 1
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from xpiler.facts.accesses import Constancy, exchange
from xpiler.ir.nodes import (
    PLAIN, Binary, Break, Const, Continue, Expr, For, If, Kernel, Let, Return, Select, Stmt, Var, While,
)
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, bodies, declared, map_stmts, names, rename, statements, substitute
from xpiler.passes.step import NotApplicable, applying
from xpiler.platforms.platform import Platform

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
TAILS = ("guard", "perfect", "peel", "shorter")
FACTORS = (4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Split:
    """Split `loop` by `factor`. tail: "guard" tests every iteration, "peel" leaves the last few to a loop of their own,
    "shorter" ends the last inner loop early, "perfect" wants factor to divide the number of iterations."""

    loop: str
    factor: int
    tail: str = "guard"

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """Every loop by what divides it, by the machine's lanes, and by powers of two."""
        lanes = {n for n in (machine.vector_bits // 32, machine.warp) if n > 1}
        for loop in (s for s in statements(kernel.body) if isinstance(s, For) and s.kind in PLAIN):
            length = int(loop.stop.value) if isinstance(loop.stop, Const) and loop.start == ZERO else None
            for factor in sorted({*lanes, *FACTORS}, key=lambda f: (f not in lanes, f)):
                if length is not None and factor >= length:
                    continue
                whole = length is not None and length % factor == 0
                for tail in ("perfect",) if whole else ("guard", "peel"):
                    yield from applying(kernel, cls(loop.var.name, factor, tail))

    def apply(self, kernel: Kernel) -> Kernel:
        found = loop_named(kernel, self.loop)
        if self.factor < 1:
            raise NotApplicable(f"a factor of {self.factor}", found.span)
        if self.tail not in TAILS:
            raise NotApplicable(f"no tail `{self.tail}`; there are {', '.join(TAILS)}", found.span)
        if found.kind not in PLAIN:
            raise NotApplicable(f"`{self.loop}` is bound to {found.kind}", found.span)
        if found.var.dtype is not I32:
            raise NotApplicable(f"`{self.loop}` is not an int", found.span)
        if not all(Constancy(found)(e) for e in (found.start, found.stop, found.step)):
            raise NotApplicable(f"where `{self.loop}` starts or ends changes while it runs", found.span)
        left = leaves(found.body)
        if left is not None:
            raise NotApplicable(f"`{self.loop}` may be left early", left.span)
        trips = iterations(found)
        whole = isinstance(trips, Const) and int(trips.value) % self.factor == 0
        if self.tail == "perfect" and not whole:
            raise NotApplicable(f'{self.factor} does not divide the extent of `{self.loop}` and tail="perfect"',
                                found.span)
        fresh = Fresh(names(kernel))
        outer, inner = Var(fresh(f"{self.loop}_o"), I32), Var(fresh(f"{self.loop}_i"), I32)
        size = Const(self.factor, I32)
        count: Expr = Binary("+", Binary("*", outer, size, I32), inner, I32)
        body = substitute(found.body, {found.var: nth(found, count)})
        if self.tail == "peel" and not whole:
            parts = self._peeled(found, trips, outer, inner, body, fresh)
            return replace(kernel, body=swapped(kernel.body, found, *parts))
        heads: tuple[Stmt, ...] = ()
        stop: Expr = size
        if self.tail == "shorter" and not whole:
            stop = Var(fresh("count"), I32)
            over = Binary("-", trips, Binary("*", outer, size, I32), I32)
            heads = (Let(stop, Select(Binary("<", size, over, DType.BOOL), size, over, I32)),)
        elif not whole:
            body = (If(Binary("<", count, trips, DType.BOOL), body),)
        inside = For(inner, ZERO, stop, ONE, body, found.kind, found.span)
        made = For(outer, ZERO, rounded(trips, self.factor), ONE, (*heads, inside), found.kind, found.span)
        return replace(kernel, body=swapped(kernel.body, found, made))

    def _peeled(
        self, found: For, trips: Expr, outer: Var, inner: Var, body: tuple[Stmt, ...], fresh: Fresh
    ) -> tuple[Stmt, ...]:
        """The loops over what is whole, and one over what is left."""
        size = Const(self.factor, I32)
        parts: Expr = Binary("/", trips, size, I32)
        if isinstance(trips, Const):
            parts = Const(int(trips.value) // self.factor, I32)
        inside = For(inner, ZERO, size, ONE, body, found.kind, found.span)
        main = For(outer, ZERO, parts, ONE, (inside,), found.kind, found.span)
        rest = Var(fresh(f"{self.loop}_r"), I32)
        copy = rename(found.body, {name: fresh(name) for name in declared(found.body)})
        done = Const(int(parts.value) * self.factor, I32) if isinstance(parts, Const) else Binary("*", parts, size, I32)
        tail = For(rest, done, trips, ONE, substitute(copy, {found.var: nth(found, rest)}), found.kind, found.span)
        return main, tail


def loop_named(kernel: Kernel, name: str) -> For:
    """The loop over the variable called `name`."""
    for s in statements(kernel.body):
        if isinstance(s, For) and s.var.name == name:
            return s
    loops = ", ".join(s.var.name for s in statements(kernel.body) if isinstance(s, For))
    raise NotApplicable(f"`{kernel.name}` has no loop `{name}`; its loops are {loops or 'none'}", kernel.span)


def swapped(body: tuple[Stmt, ...], old: For, *new: Stmt) -> tuple[Stmt, ...]:
    """body with one loop replaced."""
    return map_stmts(body, lambda s: new if isinstance(s, For) and s.var == old.var else s)


def rounded(extent: Expr, by: int) -> Expr:
    """extent / by, rounded up."""
    if isinstance(extent, Const):
        return Const(-(-int(extent.value) // by), I32)
    return Binary("/", Binary("+", extent, Const(by - 1, I32), I32), Const(by, I32), I32)


def iterations(loop: For) -> Expr:
    """How many iterations a loop has; nothing above 0 where it has none."""
    start, stop, step = loop.start, loop.stop, loop.step
    if isinstance(start, Const) and isinstance(stop, Const) and isinstance(step, Const):
        return Const(len(range(int(start.value), int(stop.value), int(step.value))), I32)
    far = stop if start == ZERO else Binary("-", stop, start, I32)
    if step == ONE:
        return far
    return Binary("/", Binary("-", Binary("+", far, step, I32), ONE, I32), step, I32)


def nth(loop: For, count: Expr) -> Expr:
    """The loop's variable in the iteration of that number, from 0."""
    far = count if loop.step == ONE else Binary("*", count, loop.step, I32)
    return far if loop.start == ZERO else Binary("+", loop.start, far, I32)


def leaves(body: tuple[Stmt, ...], how: type[Break] | type[Continue] = Break) -> Stmt | None:
    """A break out of the loop with this body, or out of the rest of an iteration."""
    for s in body:
        if isinstance(s, how):
            return s
        if not isinstance(s, For | While):
            found = next((x for part in bodies(s) if (x := leaves(part, how)) is not None), None)
            if found is not None:
                return found
    return None


def stays(loop: For) -> None:
    """NotApplicable unless a loop is an ordinary one, each iteration of which runs to its end and meets no other."""
    if loop.kind not in PLAIN:
        raise NotApplicable(f"`{loop.var.name}` is bound to {loop.kind}", loop.span)
    left = leaves(loop.body) or leaves(loop.body, Continue) or next(
        (s for s in statements(loop.body) if isinstance(s, Return)), None)
    if left is not None:
        raise NotApplicable(f"an iteration of `{loop.var.name}` may end early", left.span)
    met = exchange(loop)
    if met is not None:
        raise NotApplicable(f"iterations of `{loop.var.name}` exchange values with others", met.span)
