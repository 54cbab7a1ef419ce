"""Sizes in bytes as counts of elements, and whether two ways of writing a size are the same."""

from __future__ import annotations

import random
from itertools import product

from xpiler.ir.nodes import Binary, Cast, Const, Expr, Select, Unary, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import map_expr, scalars_read, subexpressions, substitute_expr
from xpiler.text.arithmetic import Arithmetic, int_const

_SAMPLES = 3
_SMALL = (0, 1, 2, 5)
_MOST_TRIED = 512


def elements(math: Arithmetic, size: Expr, each: int) -> Expr:
    """size / each, divided out where the size is a product or sum that shows it."""
    plain = narrowed(math, size)
    whole = divided(math, plain, each)
    return whole if whole is not None else math.binary("/", plain, int_const(each))


def divided(math: Arithmetic, e: Expr, by: int) -> Expr | None:
    """e / by where a product or sum shows that nothing is left over, None elsewhere."""
    if by == 1:
        return e
    match e:
        case Const(value) if value % by == 0:
            return int_const(int(value) // by)
        case Binary("*", a, b):
            for x, y in ((b, a), (a, b)):
                if (less := divided(math, x, by)) is not None:
                    return math.binary("*", y, less)
        case Binary("+" | "-" as op, a, b):
            x1, y1 = divided(math, a, by), divided(math, b, by)
            if x1 is not None and y1 is not None:
                return math.binary(op, x1, y1)
        case Cast(a, dtype) if not a.dtype.is_float and not dtype.is_float and a.dtype.bits < dtype.bits:
            inner = divided(math, a, by)
            return None if inner is None else math.convert(inner, dtype)
    return None


def narrowed(math: Arithmetic, e: Expr) -> Expr:
    """A size without the widening casts of size_t arithmetic; a buffer has fewer than 2^31 elements."""

    def plain(x: Expr) -> Expr:
        match x:
            case Cast(a, dtype) if not dtype.is_float and not a.dtype.is_float:
                return a if a.dtype.bits <= dtype.bits and a.dtype is not DType.BOOL else x
            case Const(value, dtype) if not dtype.is_float:
                return int_const(int(value))
            case Binary(op, a, b):
                return math.binary(op, a, b)
            case Select(c, a, b):
                return math.select(c, a, b)
        return x

    return map_expr(e, plain)


def same(math: Arithmetic, a: Expr, b: Expr) -> bool:
    """Whether two sizes agree, structurally or on a few values of their variables."""
    a, b = narrowed(math, a), narrowed(math, b)
    if a == b:
        return True
    variables = sorted(scalars_read(a) | scalars_read(b), key=lambda v: v.name)
    source = random.Random(1)
    for _ in range(_SAMPLES):
        values: dict[Var, Expr] = {v: Const(source.randrange(1, 1000), v.dtype) for v in variables}
        x, y = (settled(math, substitute_expr(e, values)) for e in (a, b))
        if not isinstance(x, Const) or not isinstance(y, Const) or x.value != y.value:
            return False
    return True


def empty_without(math: Arithmetic, conditions: tuple[Expr, ...], extent: Expr) -> bool:
    """Whether there are no elements where one of the conditions does not hold, for a few sizes from zero up."""
    extent = narrowed(math, extent)
    for c in conditions:
        variables = sorted(scalars_read(c) | scalars_read(extent), key=lambda v: v.name)
        near = {int(x.value) + k for x in subexpressions(c) if isinstance(x, Const) for k in (-1, 0, 1)}
        tried = sorted(k for k in near | set(_SMALL) if k >= 0)
        if len(tried) ** len(variables) > _MOST_TRIED:
            return False
        for values in product(tried, repeat=len(variables)):
            at: dict[Var, Expr] = {v: Const(k, v.dtype) for v, k in zip(variables, values, strict=True)}
            holds, count = (settled(math, substitute_expr(e, at)) for e in (c, extent))
            if not isinstance(holds, Const) or not isinstance(count, Const) or not holds.value and count.value:
                return False
    return True


def settled(math: Arithmetic, e: Expr) -> Expr:
    """An expression whose variables were given values, worked out."""

    def fold(x: Expr) -> Expr:
        match x:
            case Binary(op, a, b):
                return math.binary(op, a, b)
            case Unary(op, a):
                return math.unary(op, a)
            case Cast(a, dtype):
                return math.convert(a, dtype)
            case Select(c, a, b):
                return math.select(c, a, b)
        return x

    return map_expr(e, fold)
