"""How an exact number lies in memory: exact.h's `Exact`, and what its flags say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

REAL = "exact"  # what an `Executable` whose floats are exact numbers calls them

ELEMENT = np.dtype([("p", "<u8"), ("q", "<u8"), ("r", "<f8"), ("flags", "<u4"), ("degree", "<f4")])

# exact.h, `Flag`.
DATA, LAST, RATIO, PLUS, MINUS, NOTHING, CONVERT, ROUND, UNSET = 1, 2, 4, 8, 16, 32, 64, 128, 1 << 31
SPECIAL = PLUS | MINUS | NOTHING | UNSET
FUNCTIONS: Mapping[int, str] = {
    1 << 8: "exp", 1 << 9: "log", 1 << 10: "sqrt", 1 << 11: "erf", 1 << 12: "sin", 1 << 13: "cos", 1 << 14: "tan",
    1 << 15: "pow", 1 << 16: "an inverse trigonometric function", 1 << 17: "cbrt", 1 << 18: "gamma",
    1 << 19: "exp of what went through exp",
}
# exact.h, `Seen`.
ORDER, TIE, CONVERTED, UNDEFINED = 1, 2, 4, 8

# Safe primes p = 2q + 1, q prime: the largest below 2^61.
PRIMES = (2305843009213691579, 2305843009213690799, 2305843009213686707, 2305843009213685819)
