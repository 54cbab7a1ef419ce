"""Inputs of which a formula makes a given number: where a text compares a root, or an exponential, of its data with a
number, equal ones are found by going back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from xpiler.ir.nodes import Expr, Load, Var
from xpiler.ir.walk import map_expr, subexpressions
from xpiler.verify.evaluate import NoValue, evaluate

# Where numbers are looked for: every quarter near zero, and powers of two.
_NEAR = (k / 4 for k in range(-128, 129))
_FAR = (sign * 2.0**k for k in range(-10, 21) for sign in (1, -1))
_GRID = tuple(sorted({*_NEAR, *_FAR}))
_MOST = 2  # for one number
_HALVINGS = 80


def inverse(formula: Expr, number: float) -> tuple[float, ...]:
    """Values of the data at which the formula comes to the number, all data being alike; where there are none, values
    of what is loaded first, the other data being the number itself."""
    loads = list(dict.fromkeys(x for x in subexpressions(formula) if isinstance(x, Load)))
    if not loads or formula == loads[0]:
        return ()
    return _roots(formula, number, loads) or (_roots(formula, number, loads[:1]) if len(loads) > 1 else ())


def _roots(formula: Expr, number: float, unknown: list[Load]) -> tuple[float, ...]:
    named = map_expr(formula, lambda x: Var(_X if x in unknown else _OTHER, x.dtype) if isinstance(x, Load) else x)

    def off(x: float) -> float:
        try:
            return float(evaluate(named, {_X: x, _OTHER: number})) - number
        except (NoValue, OverflowError):
            return math.nan

    whole = any(not x.dtype.is_float for x in unknown)
    found = dict.fromkeys(x for x in _crossings(off) if not whole or x.is_integer())
    return tuple(found)[:_MOST]


def _crossings(off: Callable[[float], float]) -> Iterator[float]:
    values = [(x, off(x)) for x in _GRID]
    yield from (x for x, y in values if y == 0.0)
    for (x, a), (z, b) in pairwise(values):
        if a * b < 0.0:
            yield _between(off, x, z, a)


def _between(off: Callable[[float], float], low: float, high: float, at_low: float) -> float:
    """A float at which the sign changes."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if off(middle) * at_low > 0.0:
            low = middle
        else:
            high = middle
    return float(np.float32(high))


_X, _OTHER = "the number", "the others"
