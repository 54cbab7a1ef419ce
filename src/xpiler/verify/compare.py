"""Whether two results are the same up to rounding, and if not, where they first differ."""

from __future__ import annotations

import math
from collections.abc import Iterator
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
# Elements compared at a time.
PART = 1 << 20

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
    r = expected if reference is None else reference
    rms = _rms(dtype, r)
    bound = max(tolerance.relative(dtype), _own_error(dtype, expected, r, rms))
    wrong: list[Values] = []
    worst = 0.0
    for part in _parts(expected.size):
        bad, error = _part(dtype, expected[part], actual[part], r[part], poisoned[part], rms, bound)
        wrong += [bad + part.start] if bad.size else []
        worst = max(worst, error)
    if wrong:
        places = np.concatenate(wrong)
        return _difference(places, to_double(dtype, expected), to_double(dtype, actual)), 0.0
    return None, worst


def _parts(size: int) -> Iterator[slice]:
    """Ranges that bound the memory a comparison in doubles takes."""
    return (slice(i, min(i + PART, size)) for i in range(0, size, PART))


def _part(
    dtype: DType, expected: Values, actual: Values, reference: Values, poisoned: Values, rms: float, bound: float
) -> tuple[Values, float]:
    """The elements that differ, and the largest relative error of the others."""
    same_fate = (_bits(expected) == _bits(poisoned)) == (_bits(actual) == _bits(poisoned))
    e, a, r = (to_double(dtype, x) for x in (expected, actual, reference))
    with np.errstate(invalid="ignore"):
        error = np.fmin(np.abs(a - r), np.abs(a - e)) / _scale(r, rms)
        alike = (np.isnan(a) & np.isnan(e)) | (a == e) | (error <= bound)
    close = error[alike & np.isfinite(error)]
    return np.flatnonzero(~(alike & same_fate)), float(close.max()) if close.size else 0.0


def _scale(r: NDArray[np.float64], rms: float) -> NDArray[np.float64]:
    """What an error is measured against: the element, or the typical element where that is larger."""
    return np.maximum(np.where(np.isfinite(r), np.abs(r), 0.0), rms)


def _rms(dtype: DType, x: Values) -> float:
    """The root of the mean square of the finite elements; 1 where all are zero."""
    total, count = 0.0, 0
    for part in _parts(x.size):
        d = to_double(dtype, x[part])
        d = d[np.isfinite(d)]
        total, count = total + float(np.dot(d, d)), count + d.size
    return math.sqrt(total / count) if count and total > 0.0 else 1.0


def _own_error(dtype: DType, expected: Values, reference: Values, rms: float) -> float:
    """How far the source itself is from its float64 run, on a sample, widened and capped."""
    if reference is expected:
        return 0.0
    step = max(1, expected.size // PART)
    e, r = to_double(dtype, expected[::step]), to_double(dtype, reference[::step])
    with np.errstate(invalid="ignore"):
        own = np.abs(e - r) / _scale(r, rms)
    own = own[np.isfinite(own)]
    return min(OWN_ERROR * float(np.quantile(own, 0.99)), OWN_ERROR_CAP) if own.size else 0.0


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
