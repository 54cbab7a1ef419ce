"""Whether two results are the same up to rounding, and if not, where they first differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xpiler.ir.types import DType
from xpiler.verify.runs.depth import EPS

# Units of rounding granted to one operation (an elementary function costs several), before the depth of a reduction.
UNITS = 16.0
# Nothing looser than this is called equal, whatever the depth, in units of the precision and outright.
LOOSEST = 0.02
# How far beyond the source's own rounding error (its distance to its float64 run) a target may go, and the cap on that.
OWN_ERROR, OWN_ERROR_CAP = 8.0, 1e-3
# How many times as large as the middle one the typical element may be taken for.
FEW_LARGE = 16.0
# How many times as large as a typical element one is that nobody meant.
GARBLED = 1e6
# Powers of two that a double may have, and how many of them apart elements are alike.
EXPONENTS, ALIKE = 2400, 2
# The smallest numbers there are.
LEAST: Mapping[DType, float] = {
    DType.F16: 2.0**-24, DType.BF16: 2.0**-133, DType.F32: 2.0**-149, DType.F64: 2.0**-1074,
}
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
    """`unit`: the rounding unit of the computation, 0 where it has none; `depth`: the terms one element sums up."""

    unit: float
    depth: int

    @property
    def exact(self) -> bool:
        """Whether there is nothing to tolerate."""
        return self.unit == 0.0

    def relative(self, dtype: DType) -> float:
        """The bound on |error| / scale for results stored as `dtype`; random rounding grows with the root of depth."""
        return 0.0 if self.exact else min(LOOSEST, UNITS * self.unit * math.sqrt(self.depth)) + EPS[dtype]

    def least(self, dtype: DType) -> float:
        """What is lost where numbers are too small to be stored: some of the smallest there are."""
        return 0.0 if self.exact else UNITS * math.sqrt(self.depth) * LEAST[dtype]


def integers(expected: Values, actual: Values) -> Difference | None:
    """Exact comparison."""
    wrong = np.flatnonzero(expected != actual)
    return None if not wrong.size else _difference(wrong, expected, actual)


@dataclass(frozen=True)
class Leave:
    """What an element may be off beyond its rounding, and where nothing is compared.

    `room`: for each element, how far inputs that are off by a rounding move it; infinite where it may be anything.
    `excused`: True for elements on which
    there is nothing to say; they must still be written where the source writes."""

    room: Values
    excused: Values | None = None

    def free(self, part: slice) -> Values:
        """The elements that may be anything."""
        free = np.isinf(self.room[part])
        return free if self.excused is None else free | self.excused[part]


def floats(
    dtype: DType, expected: Values, actual: Values, reference: Values | None, poisoned: Values, tolerance: Tolerance,
    leave: Leave | None = None,
) -> tuple[Difference | None, float]:
    """Compare within tolerance of the source's run or of its float64 run; the second result is the largest relative
    error among equal elements.

    `poisoned` says how the memory looked before: what the source wrote the target must write, and nothing else.
    Without `leave` an error is measured against the typical element where that is larger; with it, against the element
    alone, since it is known how far off each may be."""
    if tolerance.exact:
        reference, leave = None, Leave(np.zeros(expected.size), None if leave is None else leave.excused)
    r = expected if reference is None else reference
    rms = _rms(dtype, r)
    bound = tolerance.relative(dtype)
    if leave is None:
        bound = max(bound, _own_error(dtype, expected, r, rms))
    noise = _noise(dtype, expected, r) if leave is not None and reference is not None else None
    at = _At(dtype, rms, bound, tolerance.least(dtype), leave, noise)
    wrong: list[Values] = []
    worst = 0.0
    for part in _parts(expected.size):
        bad, error = at.part(part, expected, actual, r, poisoned)
        wrong += [bad + part.start] if bad.size else []
        worst = max(worst, error)
    if wrong:
        places = np.concatenate(wrong)
        return _difference(places, to_double(dtype, expected), to_double(dtype, actual)), 0.0
    return None, worst


def _parts(size: int) -> Iterator[slice]:
    """Ranges that bound the memory a comparison in doubles takes."""
    return (slice(i, min(i + PART, size)) for i in range(0, size, PART))


@dataclass(frozen=True)
class _At:
    """How elements are compared: relative to what, how closely, and how close to nothing counts as nothing."""

    dtype: DType
    rms: float
    bound: float
    least: float
    leave: Leave | None
    noise: NDArray[np.float64] | None = None

    def part(
        self, part: slice, expected: Values, actual: Values, reference: Values, poisoned: Values
    ) -> tuple[Values, float]:
        """The elements that differ, and the largest relative error of the others."""
        expected, actual, poisoned = expected[part], actual[part], poisoned[part]
        same_fate = (_bits(expected) == _bits(poisoned)) == (_bits(actual) == _bits(poisoned))
        e, a, r = (to_double(self.dtype, x) for x in (expected, actual, reference[part]))
        scale = _scale(r, self.rms)
        with np.errstate(invalid="ignore"):
            error = np.fmin(np.abs(a - r), np.abs(a - e))
            alike = (np.isnan(a) & np.isnan(e)) | (a == e) | (error <= self.allowed(part, e, r, scale))
            relative = error / scale
        free = np.zeros(e.shape, np.bool_) if self.leave is None else self.leave.free(part)
        close = relative[alike & ~free & np.isfinite(relative)]
        return np.flatnonzero(~((alike | free) & same_fate)), float(close.max()) if close.size else 0.0

    def allowed(
        self, part: slice, e: NDArray[np.float64], r: NDArray[np.float64], scale: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """How far each element may be off."""
        if self.leave is None:
            return self.bound * scale + self.least
        off = np.abs(e - r)
        if self.noise is not None:
            off = np.fmax(off, self.noise[_exponents(r)])
        own = np.minimum(OWN_ERROR * off, OWN_ERROR_CAP * scale)
        # A formula's own constants, the 1 of 1 + tanh(x), round too, however small the result: as numbers of size one.
        size = _scale(r, min(self.rms, 1.0))
        return self.bound * size + np.where(np.isfinite(own), own, 0.0) + self.leave.room[part] + self.least


def _scale(r: NDArray[np.float64], rms: float) -> NDArray[np.float64]:
    """What an error is measured against: the element, or the typical element where that is larger."""
    return np.maximum(np.where(np.isfinite(r), np.abs(r), 0.0), rms)


def _rms(dtype: DType, x: Values) -> float:
    """The size of a typical element: the root of the mean square of the finite ones, unless a few that are much larger
    than the others make it up; 1 where all are zero."""
    total, count = 0.0, 0
    with np.errstate(over="ignore"):
        for part in _parts(x.size):
            d = to_double(dtype, x[part])
            d = d[np.isfinite(d)]
            total, count = total + float(np.dot(d, d)), count + d.size
    if not count or not total > 0.0:
        return 1.0
    some = np.abs(to_double(dtype, x[:: max(1, x.size // PART)]))
    some = some[np.isfinite(some) & (some > 0)]
    usual = FEW_LARGE * float(np.median(some)) if some.size else math.inf
    return min(math.sqrt(total / count), usual)


def _exponents(r: NDArray[np.float64]) -> NDArray[np.int64]:
    """The power of two of every element, counted from the smallest there are."""
    finite = np.where(np.isfinite(r), r, 0.0)
    return np.asarray(np.clip(np.frexp(finite)[1] + EXPONENTS // 2, ALIKE, EXPONENTS - ALIKE - 1), np.int64)


def _noise(dtype: DType, expected: Values, reference: Values) -> NDArray[np.float64]:
    """How far the source is at most from its float64 run among elements of about one size, by their power of two. What
    one element is off by may be luck; rounding on the way, of something larger that cancels, shows in its fellows."""
    step = max(1, expected.size // PART)
    e, r = to_double(dtype, expected[::step]), to_double(dtype, reference[::step])
    with np.errstate(invalid="ignore"):
        off = np.abs(e - r)
    known = np.isfinite(off)
    off, at = off[known], _exponents(r)[known]
    noise = np.zeros(EXPONENTS)
    np.maximum.at(noise, at, off)
    return np.asarray(np.max([np.roll(noise, by) for by in range(-ALIKE, ALIKE + 1)], axis=0), np.float64)


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


def most_room(dtype: DType, reference: Values) -> NDArray[np.float64]:
    """What an element may be off at most where inputs are ordinary, whatever its condition."""
    return LOOSEST * _scale(to_double(dtype, reference), _rms(dtype, reference))


def classes(dtype: DType, x: Values) -> Values:
    """Of each element whether it is a number (0), an infinity (1, -1) or none (2)."""
    d = to_double(dtype, x)
    return np.where(np.isnan(d), 2, np.where(np.isinf(d), np.sign(d), 0)).astype(np.int8)


def unrelated(dtype: DType, expected: Values, reference: Values) -> Values:
    """Of each element whether the source's own rounding is half of it, and half of a typical one, at least."""
    e, r = to_double(dtype, expected), to_double(dtype, reference)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(e - r) > np.maximum(np.abs(r), _rms(dtype, reference)) / 2, np.bool_)


@dataclass(frozen=True)
class Astray:
    """How many elements have little to do with their float64 double, as a share of those that are numbers in one of
    them at least; and whether one of them is of another world, as the memory around an array is."""

    share: float
    garbled: bool


def astray(dtype: DType, expected: Values, reference: Values) -> Astray:
    """Hold a run against its float64 double."""
    rms, far, count, garbled = _rms(dtype, expected), 0, 0, False
    for part in _parts(expected.size):
        e, r = to_double(dtype, expected[part]), to_double(dtype, reference[part])
        numbers = ~(np.isnan(e) & np.isnan(r))
        with np.errstate(invalid="ignore"):
            size = np.maximum(_scale(r, rms), _scale(e, rms))
            off = numbers & ~((e == r) | (np.abs(e - r) <= LOOSEST * size))
        far += int(np.count_nonzero(off))
        count += int(np.count_nonzero(numbers))
        garbled |= bool(np.any(off & (size > GARBLED * rms)))
    return Astray(far / max(count, 1), garbled)


def to_double(dtype: DType, x: Values) -> NDArray[np.float64]:
    """Stored floating values as numpy doubles (bfloat16 is kept as its 16 bits)."""
    if dtype is DType.BF16 and x.dtype == np.uint16:
        return (x.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    with np.errstate(invalid="ignore"):  # NaN that signals
        return x.astype(np.float64)


def _bits(x: Values) -> Values:
    return np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")


def _difference(wrong: Values, expected: Values, actual: Values) -> Difference:
    i = int(wrong[0])
    return Difference(i, expected[i].item(), actual[i].item(), int(wrong.size))
