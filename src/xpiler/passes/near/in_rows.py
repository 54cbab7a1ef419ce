"""In rows: loops that carry elements one by one from one near array to another do so in copies of many rows.

    for c in 64: for k in 2: for l in 2:                ->      for k in 2:
        packed[c * 4 + k * 2 + l] = x[c * 64 + k * 8 + l]           copy packed[k * 2 ..] = x[k * 8 ..], 2,
                                                                        64 rows, 4 and 64 apart
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.facts.accesses import names_of_values
from xpiler.facts.polynomial import Poly, expression, number, polynomial
from xpiler.ir.nodes import PLAIN, Addr, Alloc, Const, Expr, For, Kernel, Load, Stmt, Store, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import Body, scalars_read, statements, with_bodies
from xpiler.passes.near.moves import ONE, ZERO, Move, Mover

I32 = DType.I32
LEAST = 8  # elements of a copy that is better than they are one by one


@dataclass(frozen=True)
class InRows:
    """Make copies of loops that only carry elements in the mover's memory."""

    mover: Mover

    def apply(self, kernel: Kernel) -> Kernel:
        near = frozenset(
            s.buffer.name for s in statements(kernel) if isinstance(s, Alloc) and s.buffer.space == self.mover.space)
        lets = names_of_values(kernel.body)

        def within(body: Body) -> Body:
            return tuple(self._copied(s, near, lets) or with_bodies(s, within) for s in body)

        return Kernel(kernel.name, kernel.params, within(kernel.body), kernel.span)

    def _copied(self, s: Stmt, near: frozenset[str], lets: Mapping[Var, Expr]) -> Stmt | None:
        """A nest of loops around one element that is carried, as copies."""
        loops: list[For] = []
        while isinstance(s, For) and len(s.body) == 1 and _counted(s):
            loops.append(s)
            s = s.body[0]
        match s:
            case Store(to, at, Load(source, place, dtype)) if loops and to != source and {to, source} <= near:
                return self._rows(loops, (to, polynomial(at, lets)), (source, polynomial(place, lets)), dtype)
        return None

    def _rows(self, loops: list[For], to: tuple[str, Poly], source: tuple[str, Poly], dtype: DType) -> Stmt | None:
        steps = {f.var: (_step(to[1], f.var), _step(source[1], f.var)) for f in loops}
        count, left = 1, list(loops)
        while (row := next((f for f in left if steps[f.var] == (count, count)), None)) is not None:
            count *= _length(row)
            left.remove(row)
        down = max((f for f in left if min(x or 0 for x in steps[f.var]) >= count), key=_length, default=None)
        rows = 1 if down is None else _length(down)
        left = [f for f in left if f is not down]
        if count * rows < LEAST or None in (x for both in steps.values() for x in both):
            return None
        gone: dict[Expr, Poly] = {f.var: number(0) for f in loops if f not in left}
        near, far = (Addr(name, expression(p.replaced(gone)), dtype) for name, p in (to, source))
        apart = (0, 0) if down is None else steps[down.var]
        out: Stmt = self.mover.within(Move(
            far, near, True, Const(count, I32), rows, Const(apart[1] or 0, I32), apart[0] or 0))
        for f in reversed(left):
            out = For(f.var, ZERO, f.stop, ONE, (out,))
        return out


def _counted(f: For) -> bool:
    return f.kind in PLAIN and f.start == ZERO and f.step == ONE and isinstance(f.stop, Const)


def _length(f: For) -> int:
    assert isinstance(f.stop, Const)
    return int(f.stop.value)


def _step(p: Poly, v: Var) -> int | None:
    """By how much an index moves with a variable; None where that is not the same everywhere."""
    bent = any(m != (v,) and any(v in scalars_read(a) for a in m) for m, _ in p.terms)
    return None if bent else p.coefficients.get((v,), 0)
