"""Loop fuse: two loops become one.

    for i in n: t[i] = x[i] + 1                        for i in n:
    for j in n: y[j] = 2 * t[j]              ->            t[i] = x[i] + 1;  y[i] = 2 * t[i]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from xpiler.facts.accesses import Constancy
from xpiler.facts.independence import independent
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Alloc, Binary, Const, Expr, For, Kernel, Let, Load, Select, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import (
    Fresh, buffers_used, buffers_written, names, scalars_read, scalars_written, statements, substitute, walk,
    with_bodies,
)
from xpiler.passes.split import ONE, ZERO, iterations, loop_named, nth, stays, swapped
from xpiler.passes.step import NotApplicable, applying
from xpiler.platforms.platform import Platform

I32 = DType.I32
WAYS = ("next", "inner")


@dataclass(frozen=True)
class Fuse:
    """Fuse `loop` with another: the one right behind it, of the same iterations (`into` "next"), or the one that is its
    whole body, into one loop over all pairs ("inner")."""

    loop: str
    into: str = "next"

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """Every loop with the one behind it, then every loop with the one inside."""
        for way in WAYS:
            for loop in (s for s in statements(kernel.body) if isinstance(s, For)):
                yield from applying(kernel, cls(loop.var.name, way))

    def apply(self, kernel: Kernel) -> Kernel:
        found = loop_named(kernel, self.loop)
        if self.into not in WAYS:
            raise NotApplicable(f'into="{self.into}"; it is {" or ".join(WAYS)}', found.span)
        stays(found)
        if self.into == "next":
            return with_next(kernel, found)
        return replace(kernel, body=swapped(kernel.body, found, self._collapsed(kernel, found)))

    def _collapsed(self, kernel: Kernel, a: For) -> For:
        if len(a.body) != 1 or not isinstance(a.body[0], For):
            raise NotApplicable(f"`{self.loop}` holds more than one loop", a.span)
        b = a.body[0]
        stays(b)
        same = Constancy(a)
        if not all(same(e) for e in (a.start, a.stop, a.step, b.start, b.stop, b.step)):
            raise NotApplicable(f"the bounds of `{b.var.name}` change while `{self.loop}` runs", b.span)
        if a.var.dtype is not I32 or b.var.dtype is not I32:
            raise NotApplicable(f"`{self.loop}` or `{b.var.name}` is not an int", a.span)
        long, wide = iterations(a), iterations(b)
        k = Var(Fresh(names(kernel))(f"{a.var.name}{b.var.name}"), I32)
        body = substitute(b.body, {
            a.var: nth(a, Binary("/", k, wide, I32)), b.var: nth(b, Binary("%", k, wide, I32))})
        return For(k, ZERO, _pairs(long, wide), ONE, body, a.kind if a.kind == b.kind else "serial", a.span)


def with_next(kernel: Kernel, a: For) -> Kernel:
    """The kernel with a loop and the one behind it in one; scalars and arrays declared between them come before."""
    fused: list[For] = []

    def joined(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        at = next((n for n, s in enumerate(body) if isinstance(s, For) and s.var == a.var), None)
        if at is None:
            return tuple(with_bodies(s, joined) for s in body)
        behind = next((n for n in range(at + 1, len(body)) if not isinstance(body[n], Let | Alloc)), None)
        b = body[behind] if behind is not None else None
        if behind is None or not isinstance(b, For):
            raise NotApplicable(f"no loop follows `{a.var.name}`", a.span)
        between = body[at + 1 : behind]
        _may_move(between, a)
        fused.append(_one(a, b))
        return (*body[:at], *between, fused[0], *body[behind + 1 :])

    made = replace(kernel, body=joined(kernel.body))
    (loop,) = fused
    b_part = loop.body[len(a.body):]
    if strangers(a.body, b_part):
        return made
    try:
        independent(made, replace(loop, kind="serial"))
    except Unsummarised as e:
        raise NotApplicable(f"an iteration of the one may need another of the other: {e.why}",
                            e.span if e.span.line else a.span) from e
    return made


def _one(a: For, b: For) -> For:
    """Both bodies under the first loop."""
    stays(b)
    if (a.start, a.stop, a.step) != (b.start, b.stop, b.step) or a.var.dtype is not b.var.dtype:
        raise NotApplicable(f"`{b.var.name}` runs over other iterations than `{a.var.name}`", b.span)
    ends = (a.start, a.stop, a.step)
    changed = scalars_written(a.body) | scalars_written(b.body)
    if any(scalars_read(e) & changed or any(isinstance(x, Load) for x in walk(e)) for e in ends):
        raise NotApplicable(f"the bounds of `{a.var.name}` may change", a.span)
    kind = a.kind if a.kind == b.kind else "serial"
    return replace(a, body=(*a.body, *substitute(b.body, {b.var: a.var})), kind=kind)


def _may_move(between: tuple[Stmt, ...], a: For) -> None:
    """What is declared behind a loop may be declared before it."""
    made, stored = scalars_written(a.body), buffers_written(a.body)
    for s in between:
        assert isinstance(s, Let | Alloc)
        used = () if isinstance(s, Let) and s.value is None else tuple(walk((s,)))
        if any(isinstance(e, Var) and e in made or isinstance(e, Load) and e.buffer in stored for e in used):
            raise NotApplicable(f"what is declared behind `{a.var.name}` depends on it", s.span)


def strangers(a: tuple[Stmt, ...], b: tuple[Stmt, ...]) -> bool:
    """Neither body changes what the other looks at or changes."""
    return not (buffers_written(a) & buffers_used(b) or buffers_written(b) & buffers_used(a)
                or scalars_written(a) & (scalars_read(b) | scalars_written(b))
                or scalars_written(b) & scalars_read(a))


def _pairs(long: Expr, wide: Expr) -> Expr:
    """long * wide, and nothing where either is less than nothing."""
    if isinstance(long, Const) and isinstance(wide, Const):
        return Const(int(long.value) * int(wide.value), I32)
    some = [Binary("<", ZERO, n, DType.BOOL) for n in (long, wide) if not isinstance(n, Const)]
    cond: Expr = some[0] if len(some) == 1 else Binary("&&", some[0], some[1], DType.BOOL)
    return Select(cond, Binary("*", long, wide, I32), ZERO, I32)
