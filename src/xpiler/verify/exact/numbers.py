"""The inputs of an exact run: field elements that are as random as they can be, and reals to decide by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xpiler.emulate.lowered.element import DATA, ELEMENT, PRIMES
from xpiler.ir.types import DType
from xpiler.verify.runs.compare import to_double
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.inputs import Values
from xpiler.verify.runs.kinds import Kind
from xpiler.verify.runs.observe import Case
from xpiler.verify.signature import Signature

# How far the reals of a trial are moved, so that no two of them are equal and none is zero by chance.
MOVED = 1e-6
_ENTROPY = 0x65786163


@dataclass(frozen=True)
class Trial:
    """One choice of a field and of everything random, at one case of the source. `number` tells trials apart."""

    case: Case
    number: int

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
        return self._numbers(values if fixed else moved(values, rng), rng)

    def _numbers(self, values: NDArray[np.float64], rng: np.random.Generator) -> Values:
        out = np.zeros(values.size, ELEMENT)
        out["p"] = rng.integers(0, self.prime, values.size, np.uint64)
        out["q"] = rng.integers(0, (self.prime - 1) // 2, values.size, np.uint64)
        out["r"], out["flags"], out["degree"] = values, DATA, 1
        return out

    def _random(self, *what: int) -> np.random.Generator:
        return np.random.default_rng([_ENTROPY, self.case.seed, self.number, *what])


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


def _sizes(case: Case) -> str:
    return repr((sorted(case.point.scalars.items()), sorted(case.point.sizes.items())))


__all__ = ["Trial", "moved", "trials", "unset"]
