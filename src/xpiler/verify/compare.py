"""Whether two results are the same up to rounding, and if not, where they first differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xpiler.ir.types import DType
from xpiler.verify.depth import EPS

# Units of rounding granted to one operation (an elementary function costs several), before the depth of a reduction.
UNITS = 16.0
# Nothing looser than this is called equal, whatever the depth, in units of the precision and outright.
LOOSEST = 0.02
# How far beyond the source's own rounding error (its distance to its float64 run) a target may go, and the cap on that.
OWN_ERROR, OWN_ERROR_CAP = 8.0, 1e-3

Values = NDArray[Any]


@dataclass(frozen=True)
class Difference:
    """The first element that differs; both values as numbers."""

    index: int
    expected: float | int
    actual: float | int
    wrong: int  # how many elements differ

    def __str__(self) -> str:
        return f"element {self.index} is {self.actual:.7g}, not {self.expected:.7g}; {self.wrong} elements differ"


@dataclass(frozen=True)
class Tolerance:
    """`unit`: the rounding unit of the computation; `depth`: the terms one element sums up."""

    unit: float
    depth: int

    def relative(self, dtype: DType) -> float:
        """The bound on |error| / scale for results stored as `dtype`; random rounding grows with the root of depth."""
        return min(LOOSEST, UNITS * self.unit * math.sqrt(self.depth)) + EPS[dtype]


def integers(expected: Values, actual: Values) -> Difference | None:
    """Exact comparison."""
    wrong = np.flatnonzero(expected != actual)
    return None if not wrong.size else _difference(wrong, expected, actual)


def floats(
    dtype: DType, expected: Values, actual: Values, reference: Values | None, poisoned: Values, tolerance: Tolerance
) -> tuple[Difference | None, float]:
    """Compare within tolerance of the source's run or of its float64 run; the second result is the largest relative
    error among equal elements.

    `poisoned` says how the memory looked before: what the source wrote the target must write, and nothing else."""
    same_fate = (_bits(expected) == _bits(poisoned)) == (_bits(actual) == _bits(poisoned))
    e, a = to_double(dtype, expected), to_double(dtype, actual)
    r = e if reference is None else reference.astype(np.float64)
    finite = np.abs(r[np.isfinite(r)])
    rms = float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 1.0
    scale = np.maximum(np.where(np.isfinite(r), np.abs(r), 0.0), rms)
    scale[scale == 0.0] = 1.0
    bound = tolerance.relative(dtype)
    with np.errstate(invalid="ignore"):
        own = np.abs(e - r) / scale
        own = own[np.isfinite(own)]
        if own.size:
            bound = max(bound, min(OWN_ERROR * float(np.quantile(own, 0.99)), OWN_ERROR_CAP))
        error = np.minimum(np.abs(a - r), np.abs(a - e)) / scale
        error = np.where(np.isnan(error), np.fmin(np.abs(a - r), np.abs(a - e)) / scale, error)
        alike = (np.isnan(a) & np.isnan(e)) | (a == e) | (error <= bound)
    wrong = np.flatnonzero(~(alike & same_fate))
    if wrong.size:
        return _difference(wrong, e, a), 0.0
    close = error[np.isfinite(error)]
    return None, float(close.max()) if close.size else 0.0


def to_double(dtype: DType, x: Values) -> NDArray[np.float64]:
    """Stored floating values as numpy doubles (bfloat16 is kept as its 16 bits)."""
    if dtype is DType.BF16 and x.dtype == np.uint16:
        return (x.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return x.astype(np.float64)


def _bits(x: Values) -> Values:
    return np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")


def _difference(wrong: Values, expected: Values, actual: Values) -> Difference:
    i = int(wrong[0])
    return Difference(i, expected[i].item(), actual[i].item(), int(wrong.size))
