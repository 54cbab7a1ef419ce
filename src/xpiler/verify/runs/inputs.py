"""Inputs that make a wrong kernel show itself: signed, asymmetric, different in every buffer, outputs poisoned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xpiler.emulate.repeated import PAGE, repeated
from xpiler.ir.types import DType
from xpiler.verify.runs import kinds
from xpiler.verify.evaluate import Number
from xpiler.verify.runs.kinds import FLOATS, INTEGERS, WHOLE, Kind
from xpiler.verify.signature import Array, Signature

Values = NDArray[Any]

NUMPY: Mapping[DType, np.dtype[Any]] = {
    DType.BOOL: np.dtype(np.uint8), DType.I8: np.dtype(np.int8), DType.U8: np.dtype(np.uint8),
    DType.I16: np.dtype(np.int16), DType.U16: np.dtype(np.uint16), DType.I32: np.dtype(np.int32),
    DType.U32: np.dtype(np.uint32), DType.I64: np.dtype(np.int64), DType.U64: np.dtype(np.uint64),
    DType.F16: np.dtype(np.float16), DType.BF16: np.dtype(np.uint16), DType.F32: np.dtype(np.float32),
    DType.F64: np.dtype(np.float64),
}


# Longer arrays repeat themselves: drawing takes longer than most kernels. A prime, which is the stride of nothing.
MOST_DRAWN = 2_000_003
# Arrays of so many bytes or more repeat a part in address space alone, so that they take no memory. A part fills pages;
# a prime number of them, which is hardly the stride of anything either.
LARGE = 256 << 20
PART = 499 * PAGE


class Domain(IntEnum):
    """How freely values are drawn; the tighter ones are for kernels whose data choose addresses."""

    WIDE = 0  # floats signed and skewed; integers over their useful range; what steers an index in 0..7
    NARROW = 1  # floats in [0, 1); what steers an index in 1..3
    DISTINCT = 2  # as WIDE, but what steers an index is 0, 1, 2... in some order, no number twice


@dataclass(frozen=True)
class Point:
    """One choice of everything a run needs but the contents: scalars, array sizes, and how values are drawn.

    `data` are contents the user fixed by name. `kind` chooses what is neither fixed nor steers an index; `named` are
    numbers that the texts compare with, where it is that."""

    scalars: Mapping[str, Number]
    sizes: Mapping[str, int]
    domain: Domain = Domain.WIDE
    data: Mapping[str, tuple[Number, ...]] = field(default_factory=dict)
    kind: Kind = Kind.RANDOM
    named: tuple[float, ...] = ()


def make(sig: Signature, point: Point, seed: int) -> dict[str, Values | Number]:
    """The arguments of one call, by parameter name: arrays flat, scalars as numbers. Equal seeds give equal inputs."""
    out: dict[str, Values | Number] = dict(point.scalars)
    for position, a in enumerate(sig.arrays):
        n = point.sizes[a.name]
        rng = np.random.default_rng([seed, position, n])
        if a.name in point.data:
            out[a.name] = np.resize(np.asarray(point.data[a.name]), n).astype(NUMPY[a.dtype])
        elif a.read and point.kind not in kinds.AT_RANDOM and _chosen(a, point.kind) and a.dtype is not DType.BOOL:
            out[a.name] = _hard(a, n, rng, point, seed, position)
        elif a.read:
            out[a.name] = _draw(a, n, rng, seed, point.domain)
        else:
            out[a.name] = poison(a.dtype, n, seed)
    return out


def _chosen(a: Array, kind: Kind) -> bool:
    """Whether contents are of a kind: what steers an index is not, but for real numbers where a text names some."""
    return not a.steers or kind is Kind.NAMED and a.dtype.is_float


def poison(dtype: DType, n: int, seed: int) -> Values:
    """What an output holds before anything is written: NaN, or a byte pattern that changes with the seed."""
    if n * NUMPY[dtype].itemsize >= LARGE:
        return repeated(poison(dtype, PART, seed), n)
    byte = 0xFF if dtype.is_float or seed % 2 == 0 else 0xA5
    return np.full(n * NUMPY[dtype].itemsize, byte, np.uint8).view(NUMPY[dtype])


def _hard(a: Array, n: int, rng: np.random.Generator, point: Point, seed: int, position: int) -> Values:
    """Contents of the point's kind, where it says anything about an array's type."""
    kind, row = point.kind, _row(point, n)
    if kind is Kind.NAMED:
        near = kinds.near(point.named, NUMPY[a.dtype], n, rng)
        return stored(a.dtype, near) if a.dtype.is_float else near.astype(NUMPY[a.dtype])
    if not a.dtype.is_float:
        if kind in FLOATS and kind not in INTEGERS and kind is not Kind.ROWS:
            return _draw(a, n, rng, seed, point.domain)
        if kind is Kind.CORNER:
            return np.full(n, kinds.ends(NUMPY[a.dtype])[position % 2 == 0], NUMPY[a.dtype])
        return kinds.integers(kind, NUMPY[a.dtype], n, row, rng)
    if kind in WHOLE:
        return _draw(a, n, rng, seed, point.domain)
    return stored(a.dtype, kinds.floats(kind, a.dtype, n, row, rng))


def _row(point: Point, n: int) -> int:
    """The length of what may be a row: the longest side that a scalar tells of, the array where it is one, else about
    the root of it."""
    scalars = [int(v) for v in point.scalars.values() if not isinstance(v, float)]
    sides = [max(v, n // v) for v in scalars if 1 < v < n and n % v == 0]
    return max(sides) if sides else n if n in scalars else max(1, math.isqrt(n))


def stored(dtype: DType, values: NDArray[np.float64]) -> Values:
    """Numbers as an array of this type holds them; of bfloat16 the bits."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if dtype is DType.BF16:
            # The upper half of a float is a bfloat16; 0x8000 rounds it, halves away from zero.
            bits = np.where(np.isfinite(values), values, 0.0).astype(np.float32).view(np.uint32)
            rounded = ((bits.astype(np.uint64) + 0x8000) >> 16).astype(np.uint16)
            special = (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
            return np.where(np.isfinite(values), rounded, special)
        return values.astype(NUMPY[dtype])


def _draw(a: Array, n: int, rng: np.random.Generator, seed: int, domain: Domain) -> Values:
    if n * NUMPY[a.dtype].itemsize >= LARGE and not (a.steers and domain is Domain.DISTINCT):
        return repeated(_draw(a, PART, rng, seed, domain), n)
    if a.dtype is DType.BF16:
        # The upper half of a float is a bfloat16.
        return (_floats(n, rng, seed, domain).view(np.uint32) >> 16).astype(np.uint16)
    if a.dtype.is_float:
        return _floats(n, rng, seed, domain).astype(NUMPY[a.dtype])
    if a.dtype is DType.BOOL:
        return rng.integers(0, 2, n, np.uint8)
    if a.steers and domain is Domain.DISTINCT:
        return rng.permutation(n).astype(NUMPY[a.dtype])
    if a.steers:
        low, high = (0, 8) if domain is Domain.WIDE else (1, 4)
        return rng.integers(low, high, n).astype(NUMPY[a.dtype])
    if a.dtype.bits <= 16:
        info = np.iinfo(NUMPY[a.dtype])
        v = rng.integers(info.min, info.max + 1, n).astype(NUMPY[a.dtype])
        v[: min(n, 2)] = (info.max, info.min)[: min(n, 2)]  # the ends are where signed and unsigned part
        return rng.permutation(v)
    # Wider ones: room for a sum of products without overflow, which C leaves undefined; unsigned ones may wrap.
    low = -1000 if a.dtype.is_signed else 0
    small = rng.integers(low, 1001, n).astype(NUMPY[a.dtype])
    if a.dtype.is_signed or domain is Domain.NARROW:
        return small
    large = rng.integers(0, np.iinfo(NUMPY[a.dtype]).max, n, NUMPY[a.dtype], endpoint=True)
    return np.where(rng.random(n) < 1 / 8, large, small)


def _floats(n: int, rng: np.random.Generator, seed: int, domain: Domain) -> NDArray[np.float32]:
    if n > MOST_DRAWN:
        return np.resize(_floats(MOST_DRAWN, rng, seed, domain), n)
    if domain is Domain.NARROW:
        return rng.random(n, np.float32)
    mean, spread = rng.uniform(-0.5, 0.5), rng.uniform(0.6, 1.4)
    if seed % 3 == 1:  # positive only: roots and logarithms stay defined
        return rng.uniform(0.2, 1.0 + spread, n).astype(np.float32)
    v = rng.normal(mean, spread, n).astype(np.float32)
    kinds = rng.random(n)
    v[kinds < 1 / 32] = 0.0
    v[kinds > 1 - 1 / 64] *= 6.0
    return v
