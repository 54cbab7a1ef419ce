"""Products of matrices that are near by, on a unit whose second operand is a weight with its own memory and layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from xpiler.facts.products import Matrix, MatrixProduct
from xpiler.facts.sym import Sym
from xpiler.ir.nodes import Addr, Const, Expr, Intrinsic, Stmt, Var
from xpiler.ir.types import DType
from xpiler.platforms.platform import WeightUnit

I32 = DType.I32
Arrays = Callable[[str, int, DType, str], Addr]  # a new array: what it is called after, elements, their type, memory


@dataclass(frozen=True)
class Weighing:
    """How products are made of arrays in `space`: `copy` with `direction` brings a weight into the unit's memory."""

    unit: WeightUnit
    copy: str
    direction: str
    space: str
    room: int

    def ways(self, p: MatrixProduct, dtype: DType) -> Iterator[tuple[MatrixProduct, bool]]:
        """The products that the unit computes for this one, and whether what comes of it has columns for rows."""
        kinds = {p.a.dtype, p.b.dtype}
        whole = p.depth * p.a.dtype.bytes % self.unit.depth_bytes == 0
        if len(kinds) != 1 or not kinds <= self.unit.types or dtype is not self.unit.result or not whole:
            return
        for way, turned in ((p, False), (p.turned, True)):
            if way.b.rows % self.unit.columns == 0:
                yield way, turned

    def weight(self, p: MatrixProduct, arrays: Arrays, expr: Callable[[Sym], Expr]) -> tuple[Addr, list[Stmt]]:
        """The second operand as a weight, and what makes it one."""
        b, size = p.b, p.b.rows * p.depth
        rows, made = self._in_rows(b, p.depth, arrays, expr)
        ordered = arrays(f"{self._stem(b.buffer)}_ordered", size, b.dtype, self.space)
        weight = arrays(f"{self._stem(b.buffer)}_{self.unit.space}", size, b.dtype, self.unit.space)
        one = Const(1, I32)
        made.append(Intrinsic(self.unit.reorder, (ordered, rows, _int(b.rows), one, one, _int(p.depth))))
        size_ = _int(size * b.dtype.bytes)
        made.append(Intrinsic(self.copy, (weight, ordered, size_, Var(self.direction, I32))))
        return weight, made

    def product(self, p: MatrixProduct, turned: bool, to: Addr, weight: Addr, arrays: Arrays,
                expr: Callable[[Sym], Expr]) -> list[Stmt]:
        """The product, into an array; `turned`: that has its columns for rows."""
        a, made = self._in_rows(p.a, p.depth, arrays, expr)
        turned = turned and p.a.rows > 1
        out = arrays(f"{self._stem(to.buffer)}_turned", p.size, to.dtype, self.space) if turned else to
        rows, columns = _int(p.a.rows), _int(p.b.rows)
        made.append(Intrinsic(self.unit.product, (out, a, weight, rows, _int(p.depth), columns)))
        if turned:
            made.append(Intrinsic(self.unit.transpose, (to, out, rows, columns)))
        return made

    def _in_rows(
        self, m: Matrix, depth: int, arrays: Arrays, expr: Callable[[Sym], Expr]
    ) -> tuple[Addr, list[Stmt]]:
        """A matrix one row behind the other, and what makes it so."""
        at = Addr(m.buffer, expr(m.first), m.dtype)
        if not m.across:
            return at, []
        to = arrays(f"{self._stem(m.buffer)}_rows", m.rows * depth, m.dtype, self.space)
        return to, [Intrinsic(self.unit.transpose, (to, at, _int(depth), _int(m.rows)))]

    def _stem(self, name: str) -> str:
        return name.removesuffix(f"_{self.space}")


def _int(n: int) -> Const:
    return Const(n, I32)
