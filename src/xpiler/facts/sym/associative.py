"""Operations whose order does not matter: what is neutral for them, and pairs of values under one."""

from __future__ import annotations

from math import inf

from xpiler.facts import sym
from xpiler.facts.sym.bits import bit
from xpiler.facts.sym.leaves import integer, number
from xpiler.facts.sym.nodes import I32, Sym, float_of, make, span, value_of
from xpiler.facts.sym.sums import add, mul
from xpiler.ir.types import DType

_IDENTITY = {"+": 0.0, "*": 1.0, "max": -inf, "min": inf, "|": 0, "^": 0}


def identity_of(op: str, dtype: DType) -> Sym:
    if dtype.is_float:
        return number(_IDENTITY[op], dtype)
    if op in ("max", "min"):
        top = (1 << (dtype.bits - 1)) - 1
        return integer(-top - 1 if op == "max" else top)
    return integer(int(_IDENTITY[op]))


def is_identity(op: str, x: Sym) -> bool:
    if x.op == "int" and op in ("max", "min"):
        return x is identity_of(op, I32)
    if x.op == "int":
        return op in ("+", "|", "^") and value_of(x) == 0
    return x.op == "flt" and float_of(x) == _IDENTITY.get(op)


def combine(op: str, a: Sym, b: Sym, dtype: DType) -> Sym:
    """a op b for an associative op, without looking for folds."""
    if is_identity(op, a):
        return b
    if is_identity(op, b):
        return a
    if op in ("max", "min"):
        return outdone(op, a, b) or make("call", (a, b), op, dtype)
    if not dtype.is_float:
        return add(a, b) if op == "+" else mul(a, b) if op == "*" else bit(op, a, b)
    return make("bin", (a, b), op, dtype)


def outdone(op: str, a: Sym, b: Sym) -> Sym | None:
    """The one of two numbers that is the greatest (or least) of them wherever they lie, and no NaN."""
    if a is b:
        return a
    (low, high), (least, most) = span(a), span(b)
    if not a.dtype.is_float:
        return None
    if op == "max":
        return a if low >= most and low != -inf else b if least >= high and least != -inf else None
    return a if high <= least and high != inf else b if most <= low and most != inf else None


def reduce_pair(op: str, a: Sym, b: Sym, dtype: DType) -> Sym:
    """a op b for an associative op; x[i] op x[i+d] becomes a fold."""
    if is_identity(op, a):
        return b
    if is_identity(op, b):
        return a
    if op in ("max", "min") and (one := outdone(op, a, b)) is not None:
        return one
    rolled = sym.reroll(op, a, b, dtype)
    return rolled if rolled is not None else combine(op, a, b, dtype)
