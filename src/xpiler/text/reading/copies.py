"""Copies of bytes that are copies of whole elements.

    for i in 4 * n: bytes of y[base / 4 + ...] = bytes of x          ->          for i in n: y[base / 4 + i] = x[i]

as where all memory is counted in bytes, and what lies in it is of one type."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import Binary, Cast, Expr, For, Load, Stmt, Store, Var
from xpiler.ir.walk import scalars_read, substitute_expr
from xpiler.text.arithmetic import ONE, ZERO, int_const
from xpiler.text.reading.cuts import Cutting
from xpiler.text.sizes import divided, narrowed


class ByteCopies(Cutting):
    """Writing loops that copy bytes."""

    def emit(self, statement: Stmt) -> None:
        super().emit(self._in_elements(statement) if isinstance(statement, For) else statement)

    def _in_elements(self, loop: For) -> For:
        """A loop that copies whole elements of one type byte by byte as one that copies elements."""
        found = self.byte_copies.get(loop.body[0]) if len(loop.body) == 1 else None
        if found is None or (loop.start, loop.step) != (ZERO, ONE):
            return loop
        (to, at), (of, source) = found
        held = self.buffers[to].dtype
        begin, other = _before(at, loop.var), _before(source, loop.var)
        first, second, count = (None if e is None else self._divided(e, held.bytes) for e in (begin, other, loop.stop))
        whole = self.buffers[of].dtype is held and not self.views.keys() & {to, of}
        if not whole or first is None or second is None or count is None:
            return loop
        each = Load(of, self.math.index(self.math.add(second, loop.var)), held)
        one = Store(to, self.math.index(self.math.add(first, loop.var)), each, loop.span)
        return replace(loop, stop=self.math.index(count), body=(one,))

    def _divided(self, e: Expr, by: int) -> Expr | None:
        """e / by, where nothing is left over."""
        e = narrowed(self.math, e)
        known: dict[Var, Expr] = {}
        for v in scalars_read(e):
            meant = None if v.name in self.moving else self.means.get(v.name)
            if meant is not None and divided(self.math, narrowed(self.math, meant), by) is not None:
                known[v] = self.math.binary("*", self.math.binary("/", v, int_const(by)), int_const(by))
        return divided(self.math, substitute_expr(e, known), by)


def _before(e: Expr, v: Var) -> Expr | None:
    """What v is added to in a sum."""
    match e:
        case Cast(a, dtype) if not dtype.is_float and a.dtype.bits <= dtype.bits:
            return _before(a, v)
        case Binary("+", a, b, dtype):
            for one, other in ((a, b), (b, a)):
                if v in scalars_read(one) and v not in scalars_read(other):
                    rest = _before(one, v)
                    return None if rest is None else other if rest == ZERO else Binary("+", other, rest, dtype)
    return ZERO if e == v else None
