"""Products of two matrices in the closed form of what loops compute: out[i, j] = sum over k of a[i, k] * b[j, k], where
the rows, the columns and the sum may each be several loops that count through it as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from xpiler.facts import sym
from xpiler.facts.contraction import factors
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType


@dataclass(frozen=True)
class Matrix:
    """A factor: `rows` times as many elements as are summed, from `first` on. They lie one row behind the other, or,
    where it is `across`, one column."""

    buffer: str
    dtype: DType
    first: Sym
    rows: int
    across: bool


@dataclass(frozen=True)
class MatrixProduct:
    """out[i * columns + j] = sum over `depth` elements of row i of a times row j of b."""

    a: Matrix
    b: Matrix
    depth: int

    @property
    def size(self) -> int:
        return self.a.rows * self.b.rows

    @property
    def turned(self) -> MatrixProduct:
        """That of which the result has columns for rows."""
        return MatrixProduct(self.b, self.a, self.depth)


def matrix_product(x: Sym, index: Sym, loops: Sequence[Sym]) -> MatrixProduct | None:
    """What loops store at an index that is dense in them, as a product; None where it is none."""
    if x.op != "fold" or sym.fold_op(x) != "+" or not sym.is_identity("+", x.args[1]):
        return None
    pair = factors(x.args[0])
    every = (*loops, *sym.fold_vars(x))
    if pair is None or not all(sym.is_const(sym.extent_of(v)) for v in every):
        return None
    return next((p for a, b in (pair, pair[::-1]) for p in _product(a, b, x, index, loops)), None)


def _product(a: Sym, b: Sym, x: Sym, index: Sym, loops: Sequence[Sym]) -> Iterator[MatrixProduct]:
    places = sym.terms_of(index)[1]
    rows, columns = ([v for v in loops if v in f.free] for f in (a, b))
    if not columns or len(rows) + len(columns) != len(loops) or set(rows) & set(columns):
        return
    if rows and min(places[v] for v in rows) < max(places[v] for v in columns):
        return
    summed = sorted(sym.fold_vars(x), key=lambda v: sym.terms_of(b.args[0])[1].get(v, 0))
    depth = _count(summed)
    of_a, of_b = (_matrix(f, sorted(vs, key=places.__getitem__), summed) for f, vs in ((a, rows), (b, columns)))
    if of_a is not None and of_b is not None and depth > 1:
        yield MatrixProduct(of_a, of_b, depth)


def _matrix(f: Sym, rows: Sequence[Sym], summed: Sequence[Sym]) -> Matrix | None:
    """A factor whose loops, given from the fastest on, count through its rows and along them."""
    terms = sym.terms_of(f.args[0])[1]
    down, along = _step(terms, rows), _step(terms, summed)
    first = sym.substitute(f.args[0], dict.fromkeys((*rows, *summed), sym.ZERO))
    if down is None or along is None or first.free & {*rows, *summed}:
        return None
    many, depth = _count(rows), _count(summed)
    if along == 1 and (many == 1 or down == depth):
        return Matrix(sym.word_of(f), f.dtype, first, many, False)
    if down == 1 and along == many:
        return Matrix(sym.word_of(f), f.dtype, first, many, True)
    return None


def _step(terms: Mapping[Sym, int], loops: Sequence[Sym]) -> int | None:
    """By how much an index moves when loops that count as one go on by one; 0 for no loops."""
    if not loops:
        return 0
    step, below = terms.get(loops[0], 0), 1
    for v in loops:
        if terms.get(v, 0) != step * below:
            return None
        below *= sym.value_of(sym.extent_of(v))
    return step


def _count(loops: Sequence[Sym]) -> int:
    return prod(sym.value_of(sym.extent_of(v)) for v in loops)


def multiplied(x: Sym) -> list[Sym]:
    """What a product is made of."""
    if x.op == "prod" or x.op == "bin" and x.data == "*":
        return [p for a in x.args for p in multiplied(a)]
    return [x]
