"""Loop contraction: the loop that makes an array goes into the loop that uses it, and the array becomes a scalar.

    for i in n: t[i] = x[i] + 1              ->        for i in n:
    for j in n: y[j] = t[j] * t[j]                         t = x[i] + 1;  y[i] = t * t
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from xpiler.facts.accesses import names_of_values
from xpiler.facts.polynomial import polynomial
from xpiler.ir.nodes import (
    Addr, Alloc, Assign, Atomic, Expr, For, Kernel, Let, Load, Stmt, Store, Var,
)
from xpiler.ir.walk import (
    Fresh, buffers_used, buffers_written, map_exprs, map_stmts, names, statements, walk,
)
from xpiler.passes.fuse import with_next
from xpiler.passes.split import loop_named, stays
from xpiler.passes.step import NotApplicable, applying
from xpiler.platforms.platform import Platform


@dataclass(frozen=True)
class Contraction:
    """Make `array`, declared in the kernel, a scalar: the loop that makes it is fused with the one behind it, and there
    each element is used in the iteration that made it and nowhere else."""

    array: str

    @classmethod
    def space(cls, kernel: Kernel, machine: Platform) -> Iterator[Self]:
        """Every array that can be a scalar, in the order of the text."""
        for s in statements(kernel.body):
            if isinstance(s, Alloc):
                yield from applying(kernel, cls(s.buffer.name))

    def apply(self, kernel: Kernel) -> Kernel:
        alloc = next((s for s in statements(kernel.body) if isinstance(s, Alloc) and s.buffer.name == self.array), None)
        if alloc is None:
            raise NotApplicable(f"`{kernel.name}` declares no array `{self.array}`", kernel.span)
        if alloc.init or any(isinstance(e, Addr) and e.buffer == self.array for e in walk(kernel.body)):
            raise NotApplicable(f"`{self.array}` has contents from the start, or is given to a call", alloc.span)
        maker = _maker(kernel.body, self.array)
        if maker is None:
            raise NotApplicable(f"no loop makes `{self.array}` beside the one that uses it", alloc.span)
        stays(loop_named(kernel, maker.var.name))
        fused = with_next(kernel, maker)
        loop = loop_named(fused, maker.var.name)
        if any(self.array in buffers_used(s) for s in _outside(fused.body, loop.var)):
            raise NotApplicable(f"`{self.array}` is used outside the two loops as well", alloc.span)
        body = self._scalar(kernel, loop, alloc)
        gone = map_stmts(fused.body, lambda s: _without(s, alloc, loop, body))
        return replace(fused, body=gone)

    def _scalar(self, kernel: Kernel, loop: For, alloc: Alloc) -> tuple[Stmt, ...]:
        """The body with a scalar for the element of an iteration."""
        first = next(s for s in loop.body if self.array in buffers_used(s) | buffers_written(s))
        if not isinstance(first, Store) or any(isinstance(e, Load) and e.buffer == self.array for e in walk((first,))):
            raise NotApplicable(f"an iteration does not begin by making its element of `{self.array}`", alloc.span)
        made = first.index
        lets = names_of_values(kernel.body)
        touched = {e.index for e in walk(loop.body) if isinstance(e, Load | Store) and e.buffer == self.array}
        mixed = any(isinstance(s, Atomic) and s.buffer == self.array for s in statements(loop.body))
        if mixed or {polynomial(e, lets) for e in touched} != {polynomial(made, lets)}:
            raise NotApplicable(f"an iteration uses other elements of `{self.array}` than the one it makes", alloc.span)
        changed = {s.var for s in statements(loop.body) if isinstance(s, Let | Assign | For)}
        if any(isinstance(e, Load) or isinstance(e, Var) and e in changed for e in walk(made)):
            raise NotApplicable(f"which element of `{self.array}` it is may change in an iteration", alloc.span)
        v = Var(Fresh(names(kernel))(f"{self.array}_now"), alloc.buffer.dtype)

        def used(e: Expr) -> Expr:
            return v if isinstance(e, Load) and e.buffer == self.array else e

        def placed(s: Stmt) -> Stmt:
            if isinstance(s, Store) and s.buffer == self.array:
                return Assign(v, s.value, s.span)
            return s

        body = list(map_stmts(map_exprs(loop.body, used), placed))
        at = loop.body.index(first)
        started = body[at]
        assert isinstance(started, Assign)
        body[at] = Let(v, started.value, started.span)
        return tuple(body)


def _maker(body: tuple[Stmt, ...], array: str) -> For | None:
    """The outermost loop that stores to the array and has a loop behind it that uses it."""
    for n, s in enumerate(body):
        if isinstance(s, For) and array in buffers_written((s,)):
            behind = next((x for x in body[n + 1 :] if not isinstance(x, Let | Alloc)), None)
            if isinstance(behind, For) and array in buffers_used((behind,)):
                return s
            return _maker(s.body, array)
    for s in body:
        for inner in (s.body,) if isinstance(s, For) else ():
            found = _maker(inner, array)
            if found is not None:
                return found
    return None


def _outside(body: tuple[Stmt, ...], var: Var) -> Iterator[Stmt]:
    """The statements that hold others no longer, but for those in the loop over `var`."""
    for s in body:
        if isinstance(s, For) and s.var == var:
            continue
        if isinstance(s, For):
            yield from _outside(s.body, var)
        else:
            yield s


def _without(s: Stmt, alloc: Alloc, loop: For, body: tuple[Stmt, ...]) -> Stmt | tuple[Stmt, ...]:
    if isinstance(s, Alloc) and s.buffer.name == alloc.buffer.name:
        return ()
    if isinstance(s, For) and s.var == loop.var:
        return replace(s, body=body)
    return s
