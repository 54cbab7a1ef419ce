"""Products of matrices that are near by, on a unit whose second operand is a weight with its own memory and layout.

    out[i, j] = sum over k of a[i, k] * b[j, k]         ->      weight = rows of b in the unit's order, in its memory
                                                                out = a times weight

Columns, and what is summed, that fill no whole steps of the unit are filled up with zeros. Where there is no room to
reorder a weight at once, it is done piece by piece: some of the columns at a time, or some of what is summed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from xpiler.facts.products import Matrix, MatrixProduct
from xpiler.facts.sym import Sym
from xpiler.ir.nodes import Addr, Binary, Const, Expr, For, Intrinsic, Stmt, Var
from xpiler.ir.types import DType
from xpiler.platforms.platform import WeightUnit

I32 = DType.I32
FILLED = 4  # times as many columns as there are that a product may be filled up to


@dataclass(frozen=True)
class Weighing:
    """How products are made of arrays in `space`: `copy` brings a weight from there into the unit's memory, of which
    there are `room` bytes, with the first of `directions`, and what is near by to another place there with the
    second."""

    unit: WeightUnit
    copy: str
    directions: tuple[str, str]
    space: str
    room: int

    def ways(self, p: MatrixProduct, dtype: DType) -> Iterator[Way]:
        """The products that the unit computes for this one, the best first."""
        kinds = {p.a.dtype, p.b.dtype}
        step = self.unit.depth_bytes // p.a.dtype.bytes
        if len(kinds) != 1 or not kinds <= self.unit.types or dtype is not self.unit.result:
            return
        depth = _whole(p.depth, step)
        for product, turned in ((p, False), (p.turned, True)):
            columns = _whole(product.b.rows, self.unit.columns)
            if columns * depth < FILLED * product.b.rows * p.depth:
                yield from self._pieces(Way(self, product, turned, columns, depth, columns, depth), step)

    def _pieces(self, whole: Way, step: int) -> Iterator[Way]:
        """A way, and, of a row, the ways to go it piece by piece."""
        yield whole
        if whole.product.a.rows > 1 or whole.depth > whole.product.depth:
            return
        least = self.unit.columns
        if whole.columns > least and whole.columns == whole.product.b.rows and not whole.product.b.across:
            yield replace(whole, at_once=least)
        deep = least // step * step
        if whole.depth % deep == 0 and whole.depth > deep and whole.product.b.across:
            yield replace(whole, deep=deep)


@dataclass(frozen=True)
class Way:
    """A product on the unit; `turned`: what comes of it has columns for rows. It is filled up to so many `columns` and
    elements along the sum (`depth`); `at_once` of the columns are reordered at a time, `deep` elements of each."""

    by: Weighing
    product: MatrixProduct
    turned: bool
    columns: int
    depth: int
    at_once: int
    deep: int

    @property
    def piece(self) -> int:
        """Bytes of the weight that are made ready at a time."""
        return self.at_once * self.deep * self.product.b.dtype.bytes

    @property
    def filled(self) -> bool:
        return self.columns > self.product.b.rows

    @property
    def deepened(self) -> bool:
        return self.depth > self.product.depth


@dataclass
class Weighed:
    """The statements of a product: `before` make the weight, `after` use it. `arrays` makes a new array, of a name
    after which it is called, a number of elements, a type and a memory; `expr` writes a place down."""

    way: Way
    to: Addr
    arrays: Callable[[str, int, DType, str], Addr]
    expr: Callable[[Sym], Expr]
    names: Callable[[str], str]
    before: list[Stmt] = field(default_factory=list)
    after: list[Stmt] = field(default_factory=list)

    def __post_init__(self) -> None:
        w, p, unit = self.way, self.way.product, self.way.by.unit
        weight = self._weight()
        a = self._in_rows(p.a, self.after)
        one_by_one = w.turned and p.a.rows > 1
        whole = not w.filled and not one_by_one
        out = self.to if whole else self._array("product", p.a.rows * w.columns, self.to.dtype)
        rows, columns, deep = _int(p.a.rows), _int(w.at_once), _int(w.deep)
        if w.deep < w.depth:
            part = self._array("part", p.a.rows * w.columns, self.to.dtype)
            self._call(self.after, unit.fill, out, _int(w.columns), Const(0.0, out.dtype))
            step: list[Stmt] = []
            t = Var(self.names("t"), I32)
            self._call(step, unit.product, part, _moved(a, t, w.deep), _moved(weight, t, w.deep * w.columns), rows,
                       deep, columns)
            self._call(step, unit.add, out, out, part, _int(w.columns))
            self.after.append(_loop(t, w.depth // w.deep, step))
        elif w.at_once < w.columns:
            step, t = [], Var(self.names("t"), I32)
            self._call(step, unit.product, _moved(out, t, w.at_once), a, _moved(weight, t, w.at_once * w.depth), rows,
                       deep, columns)
            self.after.append(_loop(t, w.columns // w.at_once, step))
        else:
            self._call(self.after, unit.product, out, a, weight, rows, deep, columns)
        if one_by_one:
            to = self._array("turned", p.a.rows * w.columns, self.to.dtype) if w.filled else self.to
            self._call(self.after, unit.transpose, to, out, rows, _int(w.columns))
            if w.filled:
                self._copy(self.after, self.to, to, p.size)
        elif w.filled:
            self._copy(self.after, self.to, out, p.b.rows, p.a.rows, w.columns)

    def _weight(self) -> Addr:
        """The second operand as a weight."""
        w, b, by = self.way, self.way.product.b, self.way.by
        memory, size = by.unit.space, w.at_once * w.deep
        weight = self.arrays(f"{_stem(b.buffer, by.space)}_{memory}", w.columns * w.depth, b.dtype, memory)
        pieces = w.columns * w.depth // size
        t, step = Var(self.names("t"), I32), list[Stmt]()
        rows = self._rows_of_weight(step, t if pieces > 1 else None)
        ordered = self._array("ordered", size, b.dtype, b.buffer)
        one = _int(1)
        self._call(step, by.unit.reorder, ordered, rows, _int(w.at_once), one, one, _int(w.deep))
        to = _moved(weight, t, size) if pieces > 1 else weight
        self._call(step, by.copy, to, ordered, _int(size * b.dtype.bytes), Var(by.directions[0], I32))
        self.before += [_loop(t, pieces, step)] if pieces > 1 else step
        return weight

    def _rows_of_weight(self, out: list[Stmt], piece: Var | None) -> Addr:
        """The rows of the second operand, or of a piece of it, one behind the other and as many as are reordered."""
        w, b, unit = self.way, self.way.product.b, self.way.by.unit
        at = Addr(b.buffer, self.expr(b.first), b.dtype)
        if piece is not None:
            at = _moved(at, piece, w.at_once * w.deep if not b.across else w.deep * b.rows)
        size = w.at_once * w.deep
        if not b.across:
            return self._padded(at, b.rows, size, out) if w.filled or w.deepened else at
        to = self._array("rows", size, b.dtype, b.buffer)
        if w.filled:
            self._call(out, unit.fill, to, _int(size), Const(0.0, b.dtype))
        self._call(out, unit.transpose, to, self._deep(at, b.rows, out), _int(w.deep), _int(b.rows))
        return to

    def _in_rows(self, m: Matrix, out: list[Stmt]) -> Addr:
        """A matrix one row behind the other, as deep as the unit takes it."""
        w, at = self.way, Addr(m.buffer, self.expr(m.first), m.dtype)
        if not m.across:
            return self._padded(at, m.rows, m.rows * w.depth, out) if w.deepened else at
        to = self._array("rows", m.rows * w.depth, m.dtype, m.buffer)
        self._call(out, w.by.unit.transpose, to, self._deep(at, m.rows, out), _int(w.depth), _int(m.rows))
        return to

    def _padded(self, at: Addr, rows: int, size: int, out: list[Stmt]) -> Addr:
        """Rows one behind the other, with zeros behind each and behind all of them."""
        w, depth = self.way, self.way.product.depth
        to = self._array("rows", size, at.dtype, at.buffer)
        self._call(out, w.by.unit.fill, to, _int(size), Const(0.0, at.dtype))
        if w.deepened:
            self._copy(out, to, at, depth, rows, depth, w.depth)
        else:
            self._copy(out, to, at, rows * depth)
        return to

    def _deep(self, at: Addr, rows: int, out: list[Stmt]) -> Addr:
        """Columns one behind the other, and columns of zeros behind them."""
        w, size = self.way, rows * self.way.depth
        if not w.deepened:
            return at
        to = self._array("deep", size, at.dtype, at.buffer)
        self._call(out, w.by.unit.fill, to, _int(size), Const(0.0, at.dtype))
        self._copy(out, to, at, rows * w.product.depth)
        return to

    def _array(self, word: str, size: int, dtype: DType, buffer: str = "") -> Addr:
        by = self.way.by
        return self.arrays(f"{_stem(buffer or self.to.buffer, by.space)}_{word}", size, dtype, by.space)

    def _call(self, out: list[Stmt], name: str, *args: Expr) -> None:
        out.append(Intrinsic(name, args))

    def _copy(self, out: list[Stmt], to: Addr, source: Addr, count: int, rows: int = 1, apart: int = 0,
              down: int = 0) -> None:
        """`count` elements from one near place to another, in `rows` that are `apart` where they come from, and `down`
        where they go."""
        size = to.dtype.bytes
        args: list[Expr] = [to, source, _int(count * size), Var(self.way.by.directions[1], I32)]
        if rows > 1:
            args += [_int((down or count) * size), _int(apart * size), _int(rows - 1)]
        self._call(out, self.way.by.copy, *args)


def _stem(name: str, space: str) -> str:
    return name.removesuffix(f"_{space}")


def _whole(n: int, step: int) -> int:
    return -(-n // step) * step


def _int(n: int) -> Const:
    return Const(n, I32)


def _moved(a: Addr, t: Var, by: int) -> Addr:
    at = Binary("*", t, _int(by), I32)
    return replace(a, index=at if a.index == _int(0) else Binary("+", a.index, at, I32))


def _loop(t: Var, stop: int, body: list[Stmt]) -> For:
    return For(t, _int(0), _int(stop), _int(1), tuple(body))
