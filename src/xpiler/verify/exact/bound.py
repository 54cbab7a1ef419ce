"""How likely it is that two different functions looked the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xpiler.emulate.lowered.element import PRIMES

# The smaller of the two fields of a trial has this many elements.
FIELD = (min(PRIMES) - 1) // 2


@dataclass(frozen=True)
class Bound:
    """The trials at one point: elements compared, the largest degree of one, and of an argument of a function."""

    sizes: str
    elements: int
    degree: float
    argument: float
    trials: int
    decisions: int
    functions: int


def probability(points: list[Bound]) -> float:
    """The binary logarithm of a bound on the chance that some wrong element was taken for right.

    A difference of two elements has at most twice the degree of one. Schwartz and Zippel: it is zero at a random place
    of the field with probability degree / field. Values of functions count as further variables, as long as no two
    arguments that are different functions have become equal: so many pairs as there are applications, which the degree
    bounds, at the degree of the arguments. Trials are independent; elements and points add up."""
    total = 0.0
    for b in points:
        degree = 2 * b.degree
        once = min(1.0, (degree + degree * degree * b.argument) / FIELD)
        total += b.elements * math.pow(once, b.trials)
    return math.log2(total) if total else -math.inf
