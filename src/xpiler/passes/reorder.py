"""Loop reorder: two perfectly nested loops change places.

    for i in m: for j in n: y[i*n+j] = f(i, j)        ->        for j in n: for i in m: y[i*n+j] = f(i, j)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from xpiler.ir.nodes import Alloc, Assign, Barrier, For, Intrinsic, Kernel, Let, Load, Shuffle, Store
from xpiler.ir.walk import scalars_read, scalars_written, statements, walk
from xpiler.passes.split import loop_named, swapped
from xpiler.passes.step import NotApplicable


@dataclass(frozen=True)
class Reorder:
    """Exchange `outer` with the loop that is its whole body.

    Applies when both are parallel, or when no value is carried between iterations but through a reduction into an
    element: every array stored to is read only at the index it is stored at."""

    outer: str

    def apply(self, kernel: Kernel) -> Kernel:
        a = loop_named(kernel, self.outer)
        if len(a.body) != 1 or not isinstance(a.body[0], For):
            raise NotApplicable(f"`{self.outer}` holds more than one loop", a.span)
        b = a.body[0]
        if a.var in scalars_read(b.start) | scalars_read(b.stop) | scalars_read(b.step):
            raise NotApplicable(f"the bounds of `{b.var.name}` depend on `{self.outer}`", b.span)
        if not (a.kind == b.kind == "parallel") and not _independent(b):
            raise NotApplicable("iterations depend on each other in another way than by a sum into one element", b.span)
        inner = replace(a, body=b.body)
        return replace(kernel, body=swapped(kernel.body, a, replace(b, body=(inner,))))


def _independent(loop: For) -> bool:
    """Iterations meet only in elements that each of them reads and stores at the same index."""
    if any(isinstance(s, Barrier | Shuffle | Intrinsic | Alloc) for s in statements(loop.body)):
        return False
    local = {s.var for s in statements(loop.body) if isinstance(s, Let | For)}
    if (scalars_written(loop.body) - local) or any(
            isinstance(s, Assign) and s.var not in local for s in statements(loop.body)):
        return False
    stored: dict[str, set[object]] = {}
    for s in statements(loop.body):
        if isinstance(s, Store):
            stored.setdefault(s.buffer, set()).add(s.index)
    if any(len(places) != 1 for places in stored.values()):
        return False
    return all(e.index in stored[e.buffer] for e in walk(loop.body) if isinstance(e, Load) and e.buffer in stored)
