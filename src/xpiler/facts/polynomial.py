"""Indices as polynomials with integer coefficients: exact algebra, no assumption about the values of scalars.

The atoms are scalars and whatever else an index is made of (a quotient, an element of an array), taken as it stands.
Signed arithmetic that overflows is undefined in C, so integers are those of mathematics here; what C defines to wrap
(unsigned numbers, narrowing casts) stays an atom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Select, Unary, Var
from xpiler.ir.show import show
from xpiler.ir.types import DType
from xpiler.ir.walk import map_expr, substitute_expr

I32, I64 = DType.I32, DType.I64
SIGNED = (I32, I64)
Monomial = tuple[Expr, ...]  # sorted; () is the constant one


@dataclass(frozen=True)
class Poly:
    """A sum of coefficient * product of atoms, in a canonical order; equal polynomials are equal values."""

    terms: tuple[tuple[Monomial, int], ...] = ()

    @cached_property
    def coefficients(self) -> dict[Monomial, int]:
        return dict(self.terms)

    @property
    def constant(self) -> int:
        return self.coefficients.get((), 0)

    @property
    def value(self) -> int | None:
        """The number it is, if it is one."""
        return self.constant if all(not m for m, _ in self.terms) else None

    @cached_property
    def atoms(self) -> frozenset[Expr]:
        return frozenset(a for m, _ in self.terms for a in m)

    def __add__(self, other: Poly | int) -> Poly:
        out = dict(self.coefficients)
        for m, c in _poly(other).terms:
            out[m] = out.get(m, 0) + c
        return made(out)

    def __mul__(self, other: Poly | int) -> Poly:
        out: dict[Monomial, int] = {}
        for a, x in self.terms:
            for b, y in _poly(other).terms:
                m = tuple(sorted((*a, *b), key=show))
                out[m] = out.get(m, 0) + x * y
        return made(out)

    def __sub__(self, other: Poly | int) -> Poly:
        return self + _poly(other) * -1

    def replaced(self, values: Mapping[Expr, Poly]) -> Poly:
        """With atoms replaced by polynomials."""
        out = Poly()
        for m, c in self.terms:
            term = number(c)
            for a in m:
                term = term * values.get(a, atom(a))
            out = out + term
        return out


def made(terms: Mapping[Monomial, int]) -> Poly:
    live = ((m, c) for m, c in terms.items() if c)
    return Poly(tuple(sorted(live, key=lambda t: (-len(t[0]), [show(a) for a in t[0]]))))


def number(value: int) -> Poly:
    return made({(): value})


def atom(e: Expr) -> Poly:
    return Poly((((e,), 1),))


def _poly(x: Poly | int) -> Poly:
    return number(x) if isinstance(x, int) else x


# ---------------------------------------------------------------- to and from expressions


def polynomial(e: Expr, lets: Mapping[Var, Expr]) -> Poly:
    """e as a polynomial, with scalars that only name an expression (`lets`) replaced by it."""
    match e:
        case Const(value, dtype) if not dtype.is_float:
            return number(int(value))
        case Var() if e in lets:
            return polynomial(lets[e], lets)
        case Unary("-", a, dtype) if dtype in SIGNED:
            return polynomial(a, lets) * -1
        case Binary("+", a, b, dtype) if dtype in SIGNED:
            return polynomial(a, lets) + polynomial(b, lets)
        case Binary("-", a, b, dtype) if dtype in SIGNED:
            return polynomial(a, lets) - polynomial(b, lets)
        case Binary("*", a, b, dtype) if dtype in SIGNED:
            return polynomial(a, lets) * polynomial(b, lets)
        case Binary("<<", a, Const(by, _), dtype) if dtype in SIGNED and 0 <= int(by) < 31:
            return polynomial(a, lets) * (1 << int(by))
        case Cast(a, dtype) if dtype in SIGNED and a.dtype in SIGNED and dtype.bits >= a.dtype.bits:
            return polynomial(a, lets)
    return atom(expanded(e, lets))


def expanded(e: Expr, lets: Mapping[Var, Expr]) -> Expr:
    """e with the scalars that only name an expression replaced by it, however deep."""
    out = substitute_expr(e, lets)
    while out is not e and out != e:
        e, out = out, substitute_expr(out, lets)
    return out


def expression(p: Poly, dtype: DType = I32, weight: Callable[[Monomial, int], int] = lambda _, c: abs(c)) -> Expr:
    """p as one would write it: the largest weights first, and what is subtracted last."""
    added = any(m and c > 0 for m, c in p.terms)
    order = sorted(p.terms, key=lambda t: (not t[0] and added, t[1] < 0, -len(t[0]), -weight(*t)))
    out: Expr | None = None
    for m, c in order:
        term: Expr | None = None
        for a in m:
            value = a if a.dtype is dtype else Cast(a, dtype)
            term = value if term is None else Binary("*", term, value, dtype)
        if term is None:
            term = Const(abs(c), dtype)
        elif abs(c) != 1:
            term = Binary("*", term, Const(abs(c), dtype), dtype)
        if out is None:
            out = term if c > 0 else Const(-abs(c), dtype) if not m else Unary("-", term, dtype)
        else:
            out = Binary("+" if c > 0 else "-", out, term, dtype)
    return out if out is not None else Const(0, dtype)


def comparison(op: str, difference: Poly, dtype: DType = I32) -> Expr:
    """difference op 0, with the negative terms on the right."""
    left = made({m: c for m, c in difference.terms if c > 0})
    right = made({m: -c for m, c in difference.terms if c < 0})
    return Binary(op, expression(left, dtype), expression(right, dtype), DType.BOOL)


COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


def compared(e: Expr, change: Callable[[str, Poly, DType], Expr], lets: Mapping[Var, Expr]) -> Expr | None:
    """A condition with every comparison of integers rebuilt by `change`; None if there is anything else in it."""
    match e:
        case Const():
            return e
        case Var() if e in lets:
            return compared(lets[e], change, lets)
        case Unary("!", a, dtype):
            inner = compared(a, change, lets)
            return None if inner is None else Unary("!", inner, dtype)
        case Binary("&&" | "||" as op, a, b, dtype):
            x, y = compared(a, change, lets), compared(b, change, lets)
            return None if x is None or y is None else Binary(op, x, y, dtype)
        case Binary(op, a, b, _) if op in COMPARISONS and a.dtype in SIGNED and a.dtype is b.dtype:
            return change(op, polynomial(a, lets) - polynomial(b, lets), a.dtype)
    return None


def least_of(e: Expr, lets: Mapping[Var, Expr]) -> Iterator[Poly]:
    """Polynomials that e does not exceed: itself, and the arguments of the minimum it is."""
    yield polynomial(e, lets)
    match e:
        case Var() if e in lets:
            yield from least_of(lets[e], lets)
        case Cast(a, dtype) if dtype in SIGNED and a.dtype in SIGNED and dtype.bits >= a.dtype.bits:
            yield from least_of(a, lets)
        case Call("min", args):
            for a in args:
                yield from least_of(a, lets)
        case Select(Binary("<" | "<=", a, b), x, y) if (a, b) == (x, y):
            yield from least_of(x, lets)
            yield from least_of(y, lets)
        case Select(Binary(">" | ">=", a, b), x, y) if (b, a) == (x, y):
            yield from least_of(x, lets)
            yield from least_of(y, lets)


def renamed(e: Expr, values: Mapping[Expr, Expr]) -> Expr:
    """e with scalars replaced."""
    return map_expr(e, lambda x: values.get(x, x))
