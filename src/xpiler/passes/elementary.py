"""Elementary functions of vectors where the target has none: made of what it has, to within a rounding or two.

    exp(x)  ->  n = floor(x / ln 2 + 1/2);  r = x - n ln 2;  scale(1 + r + r^2 / 2! + ... + r^7 / 7!, n)
"""

from __future__ import annotations

import math

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType

TERMS = 8  # |r| <= ln 2 / 2, so the next one is below 2^-27 of the first
LOWEST, HIGHEST = -104.0, 89.0  # where exp is 0 in float from, and infinite
LN2 = (0.693359375, math.log(2.0) - 0.693359375)  # times any n in float, the first is exact


def exponential(x: Sym) -> Sym:
    """exp(x) of a float by multiplications, additions, floor and scaling by powers of two.

    Scaled by 2^(n - 1), as 2^n may be no number where the result still is one. x comes last where it is clamped: an
    instruction that returns its second operand where one is NaN keeps it."""
    x = _call("max", _number(LOWEST), _call("min", _number(HIGHEST), x))
    n = _call("floor", _call("fma", x, _number(1.0 / math.log(2.0)), _number(0.5)))
    r = x
    for part in LN2:
        r = _call("fma", n, _number(-part), r)
    total = _number(2.0 / math.factorial(TERMS - 1))
    for k in reversed(range(TERMS - 1)):
        total = _call("fma", total, r, _number(2.0 / math.factorial(k)))
    below = sym.make("bin", (n, _number(-1.0)), "+", DType.F32)
    return sym.make("bin", (total, _call("exp2", _call("floor", below))), "*", DType.F32)


def _number(x: float) -> Sym:
    return sym.number(x, DType.F32)


def _call(name: str, *args: Sym) -> Sym:
    return sym.make("call", args, name, DType.F32)
