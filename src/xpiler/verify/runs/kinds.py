"""Inputs on which wrong programs and careless arithmetic part from right ones: what each kind of them holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xpiler.ir.types import DType

Values = NDArray[Any]


class Kind(StrEnum):
    """How the contents of arrays are chosen; the value is how a person reads it."""

    RANDOM = "random"
    CANCELLATION = "cancellation"  # large terms of either sign that add up to little
    WIDE = "wide magnitudes"  # exponents all over, far from overflow
    SMALL = "small magnitudes"  # where what is added to a divisor, to keep it from zero, shows
    DENORMALS = "denormals"
    ZEROS = "zeros of both signs"
    TIES = "ties"  # few values, each many times
    HALFWAY = "halfway between narrower numbers"  # where roundings part
    ROWS = "constant rows"
    NEGATIVE = "all negative"  # a maximum that starts at 0 shows
    FAR = "far from zero"  # where exponentials vanish or overflow
    BEYOND = "beyond what half a word holds"  # an intermediate result of a narrower type overflows
    EXTREMES = "extremes of integers"  # where signed and unsigned part
    FULL = "the whole range of integers"  # where wrapping and saturating part
    ENDS = "the ends of integers"  # where a sum of one large number and small ones wraps, or is saturated
    CORNER = "arrays at one end"  # where sums and products are as large as they may be
    LARGE = "large integers"  # more than a shorter type, or a float, holds
    FACTORS = "integers of half a word"  # the same where products of two must fit
    NAMED = "numbers that the texts name"  # where what is compared with them is equal, or just beside
    IGNORED = "NaN in what the source ignores"  # random, but for arrays that the source does not look at
    INFINITIES = "infinities"
    NANS = "NaN"


# The more telling ones first: where time is short the others are left out.
FLOATS = (
    Kind.CANCELLATION, Kind.WIDE, Kind.NEGATIVE, Kind.ZEROS, Kind.TIES, Kind.ROWS, Kind.FAR, Kind.SMALL,
    Kind.HALFWAY, Kind.BEYOND, Kind.DENORMALS, Kind.INFINITIES, Kind.NANS,
)
INTEGERS = (
    Kind.EXTREMES, Kind.FULL, Kind.CORNER, Kind.ENDS, Kind.LARGE, Kind.FACTORS, Kind.ZEROS, Kind.TIES, Kind.NEGATIVE,
)
# What is drawn at random.
AT_RANDOM = frozenset({Kind.RANDOM, Kind.IGNORED})
# Those that choices hang on, where hardly any others are tried.
CHOOSING = frozenset({Kind.TIES, Kind.EXTREMES, Kind.ENDS})
# Integers that may overflow, in which case they say nothing: where they do not, they are judged.
OVERFLOWING = frozenset({Kind.FULL, Kind.ENDS, Kind.LARGE, Kind.FACTORS})
# Those, numbers that a text names, which may be the largest there are, and arrays of the largest.
MAY_OVERFLOW = OVERFLOWING | {Kind.NAMED, Kind.CORNER}
# What says nothing about floats.
WHOLE = OVERFLOWING | {Kind.EXTREMES, Kind.CORNER}
# Inputs that are not numbers: what a program makes of them is told, and judged where it is one.
NOT_FINITE = frozenset({Kind.INFINITIES, Kind.NANS})
# Magnitudes that no conversion to an integer has to bear.
LARGE = frozenset({Kind.CANCELLATION, Kind.WIDE, Kind.BEYOND, *NOT_FINITE})

# Powers of two that a type's magnitudes spread over: products of two stay finite, and so do sums of many of them.
_SPREAD: Mapping[DType, int] = {DType.F16: 4, DType.BF16: 12, DType.F32: 12, DType.F64: 12}
# The exponent of the smallest normal number, and of the smallest number.
_NORMAL: Mapping[DType, tuple[int, int]] = {
    DType.F16: (-14, -24), DType.BF16: (-126, -133), DType.F32: (-126, -149), DType.F64: (-1022, -1074),
}
_FAR, _FAR_OF_HALVES = 120.0, 16.0  # e to this power is no number of the type any more
_BEYOND = 2.0**17  # twice the largest half
_RARE = 1 / 16  # of the elements are no numbers


def floats(kind: Kind, dtype: DType, n: int, row: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """`n` values for an array of `dtype` whose rows have `row` elements; not of RANDOM, nor of what is WHOLE."""
    match kind:
        case Kind.CANCELLATION:
            return _cancelling(dtype, n, rng)
        case Kind.WIDE:
            most = _SPREAD[dtype]
            return _signs(n, rng) * rng.uniform(1, 2, n) * 2.0 ** rng.integers(-most, most + 1, n)
        case Kind.SMALL:
            return rng.normal(0.2, 1.0, n) * 2.0 ** -_SPREAD[dtype]
        case Kind.DENORMALS:
            normal, least = _NORMAL[dtype]
            exponents = rng.integers(least + 1, normal + 3, n)
            return _signs(n, rng) * rng.uniform(1, 2, n) * 2.0**exponents
        case Kind.ZEROS:
            return np.where(rng.random(n) < 0.75, 0.0, rng.normal(0.2, 1.0, n)) * _signs(n, rng)
        case Kind.TIES:
            return rng.choice(np.array([-1.5, 0.5, 2.5, 2.5]), n)  # halves, which are ties of rounding too
        case Kind.HALFWAY:
            return _halfway(dtype, n, rng)
        case Kind.ROWS:
            return np.repeat(rng.uniform(-1.5, 1.5, -(-n // row)), row)[:n]
        case Kind.NEGATIVE:
            return -rng.uniform(0.3, 3.0, n)
        case Kind.FAR:
            return _apart(_FAR_OF_HALVES if dtype is DType.F16 else _FAR, n, row, rng)
        case Kind.BEYOND:
            return _apart(_FAR_OF_HALVES if dtype is DType.F16 else _BEYOND, n, row, rng)
        case Kind.INFINITIES:
            return _with(np.array([np.inf, -np.inf]), n, rng)
        case Kind.NANS:
            return _with(np.array([np.nan]), n, rng)
        case (Kind.NAMED | Kind.RANDOM | Kind.IGNORED | Kind.EXTREMES | Kind.CORNER | Kind.FULL | Kind.ENDS
              | Kind.LARGE | Kind.FACTORS):
            raise ValueError(f"{kind} is drawn elsewhere")
    raise TypeError(f"not a kind: {kind!r}")


def integers(kind: Kind, type_: np.dtype[Any], n: int, row: int, rng: np.random.Generator) -> Values:
    """`n` integers; of wide types small enough that a sum of products does not overflow."""
    info = np.iinfo(type_)
    low, high = max(int(info.min), -1000), min(int(info.max), 1000)
    signed = info.min < 0
    match kind:
        case Kind.ZEROS:
            return np.where(rng.random(n) < 0.75, 0, rng.integers(low, high + 1, n)).astype(type_)
        case Kind.TIES:
            return rng.choice(np.array([low, 3, 5, 5]), n).astype(type_)
        case Kind.ROWS:
            return np.repeat(rng.integers(low, high + 1, -(-n // row)), row)[:n].astype(type_)
        case Kind.LARGE | Kind.FACTORS if info.bits > 16:
            most = info.bits - 2 if kind is Kind.LARGE else info.bits // 2 - 1
            size = (2.0 ** rng.uniform(most - 16 if kind is Kind.LARGE else 0, most, n)).astype(type_)
            size |= rng.integers(0, 2, n).astype(type_)  # odd ones, which no float of that size has
            return (size * rng.choice(np.array([-1, 1]), n)).astype(type_) if signed else size
        case Kind.ENDS if info.bits > 16:
            off = rng.integers(0, 1 << info.bits // 4, n).astype(type_)  # of the least and the greatest
            far: Values = np.where(rng.random(n) < 0.5, type_.type(info.min) + off, type_.type(info.max) - off)
            return far
        case Kind.FULL | Kind.ENDS | Kind.LARGE | Kind.FACTORS:
            return rng.integers(info.min, info.max, n, dtype=type_, endpoint=True)
        case Kind.NEGATIVE if signed:
            return rng.integers(low, 0, n).astype(type_)
        case Kind.NEGATIVE:  # which they are where they are taken for signed ones
            return rng.integers(info.max // 2 + 1, int(info.max), n, dtype=type_, endpoint=True)
        case Kind.EXTREMES if signed and info.bits > 16:
            return rng.choice(np.array([low, -1, 0, 1, high]), n).astype(type_)
        case Kind.EXTREMES:
            ends = [info.min, info.min + 1, 0, 1, info.max // 2, info.max // 2 + 1, info.max - 1, info.max]
            return rng.choice(np.array(ends, type_), n)
    raise ValueError(f"{kind} says nothing about integers")


def ends(type_: np.dtype[Any]) -> tuple[int, int]:
    """The least and the largest number; of wide types small ones, so that a sum of products does not overflow."""
    info = np.iinfo(type_)
    return (max(int(info.min), -1000), 1000) if info.bits > 16 else (int(info.min), int(info.max))


def near(given: Sequence[float], type_: np.dtype[Any], n: int, rng: np.random.Generator) -> Values:
    """`n` numbers, half of them among those given, a quarter one beside; those that an integer type holds."""
    small = rng.normal(0.2, 3.0, n)
    beside = np.array([x + by for by in (0.0, 0.0, 1.0, -1.0) for x in given])
    if type_.kind in "iu":
        info = np.iinfo(type_)
        beside = beside[(beside >= float(info.min)) & (beside <= float(info.max)) & (np.rint(beside) == beside)]
        small = np.rint(np.abs(small) if type_.kind == "u" else small)
    return np.where(rng.random(n) < 0.25, small, rng.choice(beside, n) if beside.size else small)


def _apart(far: float, n: int, row: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rows about as far below zero as above it, in turn; quarters of the array, where those are longer.

    How long rows are is a guess where no scalar tells."""
    return np.where(np.arange(n) // max(row, n // 4) % 2 == 0, -far, far) + rng.normal(0.2, 1.0, n)


def _halfway(dtype: DType, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Halfway between integers, bfloats and halves; and the largest byte, which a scale may be taken from."""
    most = 7 if dtype is DType.F16 else 127
    integers = rng.integers(0, most, n) + 0.5
    bfloats, halves = ((np.floor(rng.uniform(1, 2, n) * 2.0**bits) + 0.5) * 2.0**-bits for bits in (7, 10))
    return np.choose(rng.integers(0, 4, n), [np.full(n, float(most)), integers, bfloats, halves]) * _signs(n, rng)


def _signs(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.choice(np.array([-1.0, 1.0]), n)


def _cancelling(dtype: DType, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Large numbers, each beside its opposite, and a little more."""
    large = 2.0 ** _SPREAD[dtype] * rng.uniform(0.5, 1.0, -(-n // 2))
    pairs = np.stack([large, -large], axis=1).reshape(-1)[:n]
    return pairs + rng.normal(0.3, 1.0, n)


def _with(special: NDArray[np.float64], n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Ordinary numbers with special ones among them; one at least, where that leaves an ordinary one."""
    v = rng.normal(0.2, 1.0, n)
    here = rng.random(n) < _RARE
    if n > 1 and not here.any():
        here[rng.integers(n)] = True
    return np.where(here, rng.choice(special, n), v)
