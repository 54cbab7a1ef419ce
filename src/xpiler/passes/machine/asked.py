"""A kernel that is all under one condition on its parameters: whoever works on it asks that first.

    if (0 < step)                              block b in (n + 255) / 256: thread t in 256:
        for i in n (parallel): y[i] = f(i)  ->     if (0 < step) i = 256 * b + t; if (i < n) y[i] = f(i)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xpiler.ir.nodes import PLAIN, Alloc, Binary, Const, Expr, For, If, Kernel, Stmt
from xpiler.ir.walk import subexpressions
from xpiler.passes.machine.share import known_at_start
from xpiler.passes.step import NotApplicable


def asking_first(bind: Callable[[Kernel], Kernel]) -> Callable[[Kernel], Kernel]:
    """A step that makes axes of loops, for kernels too whose loops are under one condition."""
    def bound(kernel: Kernel) -> Kernel:
        condition = _over_all(kernel)
        if condition is None:
            return bind(kernel)
        made = bind(replace(kernel, body=condition.then))
        return replace(made, body=_inside_axes(made.body, condition))

    return bound


def within_condition(change: Callable[[Kernel], Kernel]) -> Callable[[Kernel], Kernel]:
    """A change of a kernel's loops, for kernels too whose loops are under one condition."""
    def changed(kernel: Kernel) -> Kernel:
        condition = _over_all(kernel)
        if condition is None:
            return change(kernel)
        made = change(replace(kernel, body=condition.then))
        return replace(made, body=(replace(condition, then=made.body),))

    return changed


def _over_all(kernel: Kernel) -> If | None:
    """The condition that a whole kernel is under, where it is known when the kernel starts."""
    match kernel.body:
        case (If(cond, _, ()) as only,) if known_at_start(cond, kernel):
            return only
    return None


def _inside_axes(body: tuple[Stmt, ...], condition: If) -> tuple[Stmt, ...]:
    """Axes with what is in the innermost of them under the condition; how long they are is asked by nobody before."""
    match body:
        case (*arrays, For(kind=kind) as axis) if kind not in PLAIN and all(isinstance(s, Alloc) for s in arrays):
            if any(_may_fail(x) for x in subexpressions(axis.stop)):
                raise NotApplicable("how many threads there are is not known before a condition is asked", axis.span)
            return (*arrays, replace(axis, body=_inside_axes(axis.body, condition)))
    own = tuple(s for s in body if isinstance(s, Alloc) and not s.init)
    return (*own, replace(condition, then=tuple(s for s in body if s not in own)))


def _may_fail(e: Expr) -> bool:
    return isinstance(e, Binary) and e.op in ("/", "%") and not isinstance(e.b, Const)
