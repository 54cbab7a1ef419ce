"""Numbers at the edges, and exact arithmetic rounded by the book: what the SIMT headers are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
COUNT = 64  # operands of every case


@dataclass(frozen=True)
class Format:
    """A binary floating format: bits of its significand, exponents of its smallest and largest steps."""

    bits: int
    low: int
    high: int

    @property
    def largest(self) -> Fraction:
        return Fraction(2) ** self.high * (2**self.bits - 1)


F64, F32, F16, BF16 = Format(53, -1074, 971), Format(24, -149, 104), Format(11, -24, 5), Format(8, -133, 120)


def rounded(value: Fraction, to: Format, mode: str = "rn") -> float:
    """An exact number in a format: rn to nearest even, rz to zero, rd down, ru up."""
    if value == 0:
        return 0.0
    size = abs(value)
    top = size.numerator.bit_length() - size.denominator.bit_length()
    top += -1 if Fraction(2) ** top > size else 0 if Fraction(2) ** (top + 1) > size else 1
    step = max(top - to.bits + 1, to.low)
    units = size / Fraction(2) ** step
    whole = units.numerator // units.denominator
    rest = units - whole
    outward = {"rz": False, "rd": value < 0, "ru": value > 0}.get(mode, rest > Fraction(1, 2) or (
        rest == Fraction(1, 2) and whole % 2 == 1))
    result = (whole + (1 if rest and outward else 0)) * Fraction(2) ** step
    if result > to.largest:
        inward = mode == "rz" or mode == "rd" and value > 0 or mode == "ru" and value < 0
        number = float(to.largest) if inward else math.inf
    else:
        number = float(result)
    return -number if value < 0 else number


def exactly(
    op: Callable[..., Fraction], plain: Callable[..., float], to: Format, mode: str = "rn"
) -> Callable[..., Array]:
    """An operation on arrays, exact and rounded once; `plain` answers where an operand or the result is not finite."""

    def one(*args: float) -> float:
        if all(map(math.isfinite, args)):
            try:
                return rounded(op(*(Fraction(a) for a in args)), to, mode)
            except (ZeroDivisionError, ValueError):
                pass
        return plain(*args)

    return lambda *arrays: np.array([one(*map(float, row)) for row in zip(*arrays, strict=True)])


def root(value: Fraction) -> Fraction:
    """A square root to far more digits than any format has; exact where it is rational."""
    if value < 0:
        raise ValueError("no real root")
    scaled = value * 4**600
    found = math.isqrt(scaled.numerator // scaled.denominator)
    close = Fraction(found, 2**600)
    return close if close * close == value else close + Fraction(1, 2**700)


def each(f: Callable[..., float]) -> Callable[..., Array]:
    """A function of Python floats over arrays: NaN outside its domain, infinite where it overflows."""

    def one(*args: float) -> float:
        try:
            return f(*args)
        except ValueError:
            return math.nan
        except (OverflowError, ZeroDivisionError):
            return math.inf

    return lambda *arrays: np.array([one(*map(float, row)) for row in zip(*arrays, strict=True)])


def inverse(f: Callable[[float], float], low: float, high: float) -> Callable[[float], float]:
    """Where a growing function takes a value, by bisection."""

    def one(y: float) -> float:
        a, b = low, high
        for _ in range(200):
            middle = (a + b) / 2
            a, b = (middle, b) if f(middle) < y else (a, middle)
        return (a + b) / 2

    return one


_SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, math.nan, math.inf, -math.inf, 1.5, -1.5, 2.5, -2.5, 0.1, -0.7, 3.7]
_F32 = [3.4028235e38, -3.4028235e38, 1.1754944e-38, 1e-45, -1e-45, 1e-40, 16777217.0, 2147483648.0, -2147483648.0,
        4294967296.0, 9.223372e18, -9.3e18, 1.9e19, 65504.0, 65520.0, 32767.5]
_F64 = [1.7976931348623157e308, -1.7976931348623157e308, 2.2250738585072014e-308, 2147483647.5, -2147483648.5,
        4294967295.5, 9007199254740993.0, 1e20, -1e20, 1 + 2**-52, 1e-10, 3.4028236e38, 1e-46, 0.3, 255.5, 1 - 2**-53]
_F16 = [65504.0, -65504.0, 6.1e-5, 6e-8, -6e-8, 2049.0, 1023.5, 0.333, 127.5, -128.5, 255.5, -0.1, 10.0, -11.0, 4.5, 8.25]
_I32 = [0, 1, -1, 2, -2, 7, 31, 32, 127, 128, -128, -129, 255, 256, 32767, -32768, 65535, 1 << 24, (1 << 24) + 1, 1 << 30,
        2**31 - 1, -(2**31), 0x7F7F7F7F, -0x7F7F7F80, 0x01020304, 0x00FF00FF, -0x7FFF8000, 0x55555555]
_I64 = [0, 1, -1, 2**31, -(2**31), 2**32 - 1, 2**53 + 1, -(2**53) - 1, 2**62 + 1, 2**63 - 1, -(2**63), 2**24 + 1]


def _reals(special: list[float], dtype: type, seed: int, scale: float) -> Array:
    source = np.random.default_rng(1)
    values = np.array([*_SPECIAL, *special, *(source.standard_normal(COUNT) * scale)][:COUNT])
    return np.random.default_rng(seed).permutation(values).astype(dtype) if seed else values.astype(dtype)


def _integers(special: list[int], bits: int, seed: int) -> Array:
    source = np.random.default_rng(2)
    words = [int(w) for w in source.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), COUNT)]
    values = np.array([*special, *words][:COUNT], np.int64).astype(f"int{bits}")
    return np.random.default_rng(seed).permutation(values) if seed else values


def bfloat(values: Array) -> Array:
    """float32 values that a bfloat16 holds."""
    return np.array([rounded(Fraction(float(v)), BF16) if math.isfinite(v) else v for v in values], np.float32)


def operands() -> dict[str, Array]:
    """The inputs of a case by the names its code uses."""
    found: dict[str, Array] = {}
    with np.errstate(over="ignore"):
        for seed, (x, d, h, b) in enumerate(zip("xyz", ("dx", "dy", "dz"), ("hx", "hy", "hz"), ("bx", "by", "bz"),
                                                strict=True)):
            found[x] = _reals(_F32, np.float32, seed, 3)
            found[d] = _reals(_F64, np.float64, seed, 3)
            found[h] = _reals(_F16, np.float16, seed, 2)
            found[b] = bfloat(_reals(_F16, np.float32, seed, 2))
    for seed, (i, m) in enumerate(zip("ijk", "lmn", strict=True)):
        found[i] = _integers(_I32, 32, seed)
        found[m] = _integers(_I64, 64, seed)
    for u, i in zip("uvw", "ijk", strict=True):
        found[u] = found[i].view(np.uint32)
    for u, m in zip("pqr", "lmn", strict=True):
        found[u] = found[m].view(np.uint64)
    return found
