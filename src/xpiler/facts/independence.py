"""Whether the iterations of a loop may run in any order, or at once."""

from __future__ import annotations

from xpiler.facts.accesses import accesses, exchange, names_of_values
from xpiler.facts.footprint import stay_apart
from xpiler.facts.writes import Unsummarised
from xpiler.ir.nodes import Alloc, Break, Const, Expr, For, Kernel, Let, Return, Stmt, While
from xpiler.ir.walk import bodies, buffers_written, scalars_written, statements


def naturals(kernel: Kernel) -> frozenset[Expr]:
    """Scalars that are never negative: the variables of loops that start at nothing less than 0."""
    return frozenset(s.var for s in statements(kernel.body)
                     if isinstance(s, For) and isinstance(s.start, Const) and s.start.value >= 0)


def independent(kernel: Kernel, loop: For) -> None:
    """Unsummarised unless no iteration of `loop` uses what another one makes, nor makes it again."""
    left = _leaves(loop.body)
    if left is not None:
        raise Unsummarised(f"`{loop.var.name}` may be left early", left.span)
    if loop.kind == "parallel":
        return
    met = exchange(loop)
    if met is not None:
        raise Unsummarised(f"iterations of `{loop.var.name}` exchange values with others", met.span)
    own = {s.var for s in statements(loop.body) if isinstance(s, Let | For)}
    carried = sorted(v.name for v in scalars_written(loop.body) - own)
    if carried:
        raise Unsummarised(f"`{carried[0]}` is carried from one iteration of `{loop.var.name}` to the next", loop.span)
    lets = names_of_values(kernel.body)
    inside = {s.buffer.name for s in statements(loop.body) if isinstance(s, Alloc)}
    for buffer in sorted(buffers_written(loop.body) - inside):
        stay_apart(loop, accesses(kernel, loop, buffer), lets, naturals(kernel))


def _leaves(body: tuple[Stmt, ...]) -> Stmt | None:
    """A statement that ends more than one iteration of the loop with this body."""
    for s in body:
        if isinstance(s, Return | Break):
            return s
        inner = (x for x in statements(s) if isinstance(x, Return)) if isinstance(s, For | While) else (
            x for part in bodies(s) if (x := _leaves(part)) is not None)
        found = next(inner, None)
        if found is not None:
            return found
    return None
