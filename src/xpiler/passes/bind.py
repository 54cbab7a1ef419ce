"""Loop bind: a loop whose iterations are independent becomes an axis of the machine.

    for i in m: for j in n:                  ->      block.x i in m: for j in n:
        y[n*i + j] = x[n*i + j] + 1                      y[n*i + j] = x[n*i + j] + 1
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Self

from xpiler.facts.accesses import Constancy, names_of_values
from xpiler.facts.independence import independent
from xpiler.facts.polynomial import expanded, least_of
from xpiler.facts.writes import Unsummarised
from xpiler.ir.check import AXES
from xpiler.ir.nodes import PLAIN, Alloc, Binary, Const, Expr, For, Kernel, Let, Load, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Fresh, names, scalars_read, statements, subexpressions
from xpiler.passes.machine.rows import BindRows
from xpiler.passes.machine.share import BindTasks, BindThreads, nests
from xpiler.passes.split import loop_named
from xpiler.passes.step import NotApplicable, applying
from xpiler.platforms.platform import Platform

__all__ = ["Bind", "BindRows", "BindTasks", "BindThreads", "nests"]

I32 = DType.I32
ZERO, ONE = Const(0, I32), Const(1, I32)
APART = {  # whom one copy of a memory serves -> the axes along which each iteration has a copy of its own
    "thread": frozenset(AXES), "block": frozenset({"block.x", "block.y", "block.z"}),
    "core": frozenset({"task", "core", "cluster"}), "cluster": frozenset({"cluster"}),
}
ANY = (1 << 31) - 1  # the largest extent a loop can have


@dataclass(frozen=True)
class Bind:
    """Run `loop`, around which there are only axes, along `axis`.

    `limits` are the axes of the machine and their largest extents (none: any axis will do); `scopes` says whom one
    copy of each of its memories serves."""

    loop: str
    axis: str
    limits: tuple[tuple[str, int], ...] = ()
    scopes: tuple[tuple[str, str], ...] = (("local", "thread"),)

    @classmethod
    def of_machine(cls, machine: Platform) -> Mapping[str, Any]:
        return {"limits": tuple((a.kind, a.limit) for a in machine.axes),
                "scopes": tuple((s.name, s.scope) for s in machine.spaces)}

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """The loops that can be bound, outermost first, to each axis there is for them, outermost first."""
        facts = cls.of_machine(machine)
        for loop in (s for s in statements(kernel.body) if isinstance(s, For) and s.kind in PLAIN):
            for axis in sorted((a.kind for a in machine.axes), key=_preference):
                yield from applying(kernel, cls(loop.var.name, axis, **facts))

    def apply(self, kernel: Kernel) -> Kernel:
        loop = loop_named(kernel, self.loop)
        if self.axis not in AXES:
            raise NotApplicable(f"no axis `{self.axis}`; the axes are {', '.join(AXES)}", loop.span)
        if self.limits and self.axis not in dict(self.limits):
            known = ", ".join(a for a, _ in self.limits) or "none"
            raise NotApplicable(f"the machine has no axis `{self.axis}`; its axes are {known}", loop.span)
        if loop.kind not in PLAIN:
            raise NotApplicable(f"`{self.loop}` is bound to {loop.kind} already", loop.span)
        chain, levels, heads = _around(kernel, loop)
        if any(f.kind == self.axis for f in chain):
            raise NotApplicable(f"another loop is bound to {self.axis} already", loop.span)
        try:
            independent(kernel, loop)
        except Unsummarised as e:
            raise NotApplicable(e.why, e.span if e.span.line else loop.span) from e
        lets = names_of_values(kernel.body)
        self._own_arrays(loop)
        self._moves_in(loop, heads)
        bound = self._axis(kernel, loop, heads, lets)
        self._fits(bound, chain, lets)
        return replace(kernel, body=self._placed(bound, chain, levels))

    def _own_arrays(self, loop: For) -> None:
        """An array declared in the loop is another one in every iteration."""
        scopes = dict(self.scopes)
        for s in statements(loop.body):
            if isinstance(s, Alloc) and self.axis not in APART.get(scopes.get(s.buffer.space, ""), ()):
                raise NotApplicable(
                    f"iterations along {self.axis} would share `{s.buffer.name}` in {s.buffer.space} memory", s.span)

    def _moves_in(self, loop: For, heads: list[Let]) -> None:
        """Scalars computed in front of the loop have the same values in it."""
        fixed = Constancy(loop)
        for s in heads:
            if s.value is None or s.var in fixed.scalars or not fixed(s.value):
                raise NotApplicable(f"`{s.var.name}`, set in front of `{self.loop}`, changes in it", s.span)

    def _axis(self, kernel: Kernel, loop: For, heads: list[Let], lets: Mapping[Var, Expr]) -> For:
        """The loop from 0 by 1 along the axis, its extent in terms of the kernel's parameters."""
        if loop.var.dtype is not I32:
            raise NotApplicable(f"`{self.loop}` is not an int", loop.span)
        start, stop, step = (expanded(e, lets) for e in (loop.start, loop.stop, loop.step))
        if not Constancy(loop)(start):
            raise NotApplicable(f"where `{self.loop}` starts changes while it runs", loop.span)
        extent = stop
        if start != ZERO:
            extent = Binary("-", extent, start, I32)
        if step != ONE:
            extent = Binary("/", Binary("-", Binary("+", extent, step, I32), ONE, I32), step, I32)
        if isinstance(start, Const) and isinstance(stop, Const) and isinstance(step, Const):
            extent = Const(len(range(int(start.value), int(stop.value), int(step.value))), I32)
        given = {p for p in kernel.params if isinstance(p, Var)}
        if not scalars_read(extent) <= given or any(isinstance(x, Load) for x in subexpressions(extent)):
            raise NotApplicable(f"how often `{self.loop}` runs is not known when the kernel starts", loop.span)
        if extent == ZERO:
            raise NotApplicable(f"`{self.loop}` never runs", loop.span)
        if start == ZERO and step == ONE:
            return replace(loop, stop=extent, body=(*heads, *loop.body), kind=self.axis)
        t = Var(Fresh(names(kernel))(self.axis.partition(".")[0]), I32)
        at: Expr = t if step == ONE else Binary("*", t, step, I32)
        at = at if start == ZERO else Binary("+", start, at, I32)
        return For(t, ZERO, extent, ONE, (*heads, Let(loop.var, at, loop.span), *loop.body), self.axis, loop.span)

    def _fits(self, bound: For, chain: list[For], lets: Mapping[Var, Expr]) -> None:
        if not self.limits:
            return
        limits = dict(self.limits)
        most = _most(bound.stop, lets)
        if most > limits[self.axis]:
            much = "is known when the kernel runs" if most == ANY else f"is {most}"
            raise NotApplicable(
                f"the length of `{self.loop}` {much}, and {self.axis} takes {limits[self.axis]}", bound.span)
        group = self.axis.partition(".")[0]
        if group == "thread":
            whole = max(n for a, n in self.limits if a.startswith("thread"))
            threads = prod(_most(f.stop, lets) for f in (*chain, bound) if f.kind.startswith("thread"))
            if threads > whole:
                raise NotApplicable(f"{threads} threads a block are more than {whole}", bound.span)

    def _placed(self, bound: For, chain: list[For], levels: list[list[Alloc]]) -> tuple[Stmt, ...]:
        """The axes around each other in their order; independent loops may stand in any."""
        at = next((n for n, f in enumerate(chain) if _rank(f.kind) > _rank(self.axis)), len(chain))
        crossed = [a for held in levels[at + 1:] for a in held]
        if crossed:
            raise NotApplicable(f"`{crossed[0].buffer.name}` stands between {self.axis} and the axes inside it",
                                crossed[0].span)
        body: tuple[Stmt, ...] = bound.body
        nest = [*chain[:at], bound, *chain[at:]]
        beside = [*levels[:at + 1], *([[]] * (len(chain) - at))]
        for f, held in zip(reversed(nest), reversed(beside), strict=True):
            body = (*held, replace(f, body=body))
        return body


def _rank(axis: str) -> int:
    return AXES.index(axis)


def _preference(axis: str) -> tuple[int, str]:
    """Outer groups of axes before inner ones, and x before y before z."""
    group = axis.partition(".")[0]
    return min(_rank(a) for a in AXES if a.partition(".")[0] == group), axis


def _most(extent: Expr, lets: Mapping[Var, Expr]) -> int:
    return min((p.value for p in least_of(extent, lets) if p.value is not None), default=ANY)


def _around(kernel: Kernel, loop: For) -> tuple[list[For], list[list[Alloc]], list[Let]]:
    """The axes around the loop, the arrays declared at each level, and the scalars set in front of the loop."""
    chain: list[For] = []
    levels: list[list[Alloc]] = []
    heads: list[Let] = []
    body = kernel.body
    while True:
        inner = next((s for s in body if isinstance(s, For) and loop in statements(s)), None)
        if inner is None:
            raise NotApplicable(f"`{loop.var.name}` stands in a statement that is no axis", loop.span)
        held: list[Alloc] = []
        for s in body[:body.index(inner)]:
            if isinstance(s, Alloc) and not s.init:
                held.append(s)
            elif isinstance(s, Let):
                heads.append(s)
            else:
                raise NotApplicable("an axis encloses all of a kernel, and this stands in front of it", s.span)
        for s in body[body.index(inner) + 1:]:
            raise NotApplicable("an axis encloses all of a kernel, and this stands behind it", s.span)
        levels.append(held)
        if inner is loop:
            return chain, levels, heads
        if inner.kind in PLAIN:
            raise NotApplicable(f"`{inner.var.name}` is around `{loop.var.name}` and is bound to no axis", inner.span)
        chain.append(inner)
        body = inner.body
