"""The inputs of an exact run: field elements that are as random as they can be, and reals to decide by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from xpiler.emulate.lowered.constant import meant
from xpiler.emulate.lowered.element import DATA, ELEMENT, PRIMES
from xpiler.ir.types import DType
from xpiler.verify.runs.compare import to_double
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.hard import ROOM
from xpiler.verify.runs.inputs import Values
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.observe import Case
from xpiler.verify.signature import Signature

# How far the reals of a trial are moved, so that no two of them are equal and none is zero by chance.
MOVED = 1e-6
_ENTROPY = 0x65786163
# Ties, zero, and numbers halfway between whole ones of either sort.
TURNING = (-2.5, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.5, 3.0)


@dataclass(frozen=True)
class Trial:
    """One choice of a field and of everything random, at one case of the source. `number` tells trials apart.

    `among`: what all contents are chosen from, where they are not random but the very numbers that decide."""

    case: Case
    number: int
    among: tuple[float, ...] = ()

    @property
    def prime(self) -> int:
        return PRIMES[self.number % len(PRIMES)]

    @property
    def key(self) -> int:
        """What the unknown functions are keyed with."""
        return int(self._random(0).integers(0, 1 << 62))

    def inputs(self, sig: Signature) -> dict[str, Values | Number]:
        """The arguments by parameter name; scalars that are floats are arrays of one element."""
        out: dict[str, Values | Number] = dict(self.case.point.scalars)
        for i, v in enumerate(sig.scalars):
            if v.dtype.is_float:
                value = np.array([float(self.case.point.scalars[v.name])])
                out[v.name] = self._numbers(value, self._random(1, i))
        for i, a in enumerate(sig.arrays):
            given = self.case.inputs[a.name]
            assert isinstance(given, np.ndarray), "an array has contents"
            if not a.dtype.is_float:
                out[a.name] = given
            elif a.read:
                out[a.name] = self._array(given, a.dtype, a.name in self.case.point.data, self._random(2, i))
            else:
                out[a.name] = unset(given.size)
        return out

    def _array(self, given: Values, dtype: DType, fixed: bool, rng: np.random.Generator) -> Values:
        values = to_double(dtype, given)
        if self.among and not fixed:
            return self._numbers(rng.choice(np.array(self.among), values.size), rng)
        return self._numbers(values if fixed else moved(values, rng), rng)

    def _numbers(self, values: NDArray[np.float64], rng: np.random.Generator) -> Values:
        out = np.zeros(values.size, ELEMENT)
        out["p"] = self._elements(values, self.prime, rng)
        out["q"] = self._elements(values, (self.prime - 1) // 2, rng)
        out["r"], out["flags"], out["degree"] = values, DATA, 1
        return out

    def _elements(self, values: NDArray[np.float64], prime: int, rng: np.random.Generator) -> NDArray[np.uint64]:
        if not self.among:
            return rng.integers(0, prime, values.size, np.uint64)
        found, at = np.unique(values, return_inverse=True)
        return np.array([_element(meant(float(x)), prime) for x in found], np.uint64)[at.reshape(-1)]

    def _random(self, *what: int) -> np.random.Generator:
        return np.random.default_rng([_ENTROPY, self.case.seed, self.number, *what])


def _element(x: Fraction, prime: int) -> int:
    """A rational number in a field, as exact.h keeps it: times 2^64."""
    return x.numerator * pow(x.denominator, -1, prime) * (1 << 64) % prime


def moved(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Reals near the given ones in general position; what is positive stays so, and zeros become positive."""
    by = MOVED * rng.random(values.size)
    return np.where(values == 0, by + MOVED, values * (1 + by))


def unset(n: int) -> Values:
    """Memory nobody has written."""
    return np.full(n * ELEMENT.itemsize, 0xFF, np.uint8).view(ELEMENT)


def trials(cases: tuple[Case, ...], each: int) -> list[list[Trial]]:
    """`each` trials at every point, on different cases where there are some, and with several one on negative numbers,
    which shows a maximum that starts at 0; the smallest point first."""
    random, negative = ([c for c in cases if c.point.kind is kind] for kind in (Kind.RANDOM, Kind.NEGATIVE))
    points: dict[str, list[Case]] = {}
    for case in random:
        points.setdefault(_sizes(case), []).append(case)
    groups = sorted(points.values(), key=lambda g: sum(g[0].point.sizes.values()))
    out = [[Trial(group[i % len(group)], i) for i in range(each)] for group in groups]
    for group in out if each > 1 else ():
        also = [c for c in negative if _sizes(c) == _sizes(group[0].case)][:1]
        group += [Trial(c, each) for c in also]
    return out


def decisive(cases: tuple[Case, ...], numbers: Sequence[float]) -> list[Trial]:
    """Trials on numbers that comparisons and roundings turn at: those that the texts name, the scalars, ties, halves,
    zero; and on the positive ones alone, of which there are roots. At the smallest point with room for them."""
    random = [c for c in cases if c.point.kind is Kind.RANDOM]
    roomy = [c for c in random if max(c.point.sizes.values(), default=0) >= ROOM] or random
    if not roomy:
        return []
    case = min(roomy, key=lambda c: sum(c.point.sizes.values()))
    among = tuple(sorted({*TURNING, *numbers, *(x for x in case.point.scalars.values() if isinstance(x, float))}))
    return [Trial(case, 0, among), Trial(case, 0, tuple(x for x in among if x > 0))]


def _sizes(case: Case) -> str:
    return repr((sorted(case.point.scalars.items()), sorted(case.point.sizes.items())))


__all__ = ["Trial", "decisive", "moved", "trials", "unset"]
