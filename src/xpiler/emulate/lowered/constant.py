"""A float constant of a program as an exact number: the real number its owner meant."""

from __future__ import annotations

import math
from fractions import Fraction

from xpiler.ir.show import digits
from xpiler.ir.types import DType

# Numbers with an odd part below this are meant as they are; others are roundings of a decimal.
ODD_PART = 1 << 11
WHOLE = 1 << 53
# Constants that are logarithms up to rounding, to single and to double precision.
SINGLE, DOUBLE = 2.0**-22, 2.0**-50
_SYMBOLS = {"LN2": math.log(2), "LOG2E": 1 / math.log(2), "LN10": math.log(10), "LOG10E": 1 / math.log(10)}


def constant(value: float, dtype: DType, fine: bool) -> str:
    """C++ that makes the exact number of a constant.

    Integers and short binary fractions are themselves. Others are the shortest decimal that rounds to them, so that
    0.1f and 0.1 are one number; without `fine`, that rounds so in single precision, whatever the type. log(2),
    log2(e), log(10) and log10(e) are recognised."""
    double = fine and dtype is DType.F64
    if math.isnan(value):
        return "special(NOTHING)"
    if math.isinf(value):
        return f"special({'PLUS' if value > 0 else 'MINUS'})"
    if value == 0:
        return "Exact{}"
    negative = "true" if value < 0 else "false"
    size = abs(value)
    exactly = repr(value)
    for name, known in _SYMBOLS.items():
        if abs(size - known) <= (DOUBLE if double else SINGLE) * known:
            return f"symbol({name}, {negative}, {exactly})"
    mantissa, twos, tens = _meant(size, double)
    return f"rational({negative}, {mantissa}u, {twos}, {tens}, {exactly})"


def meant(value: float) -> Fraction:
    """The same number outright, where it is no logarithm."""
    mantissa, twos, tens = _meant(abs(value), False) if value else (0, 0, 0)
    size = mantissa * Fraction(2) ** twos * Fraction(10) ** tens
    return -size if value < 0 else size


def _meant(size: float, double: bool) -> tuple[int, int, int]:
    """A positive number as m * 2**t * 10**d: m, t and d."""
    top, bottom = size.as_integer_ratio()
    twos = (top & -top).bit_length() - 1
    if top >> twos < ODD_PART or (bottom == 1 and top < WHOLE):
        return top >> twos, twos - bottom.bit_length() + 1, 0
    mantissa, tens = _decimal(digits(size, DType.F64 if double else DType.F32))
    return mantissa, 0, tens


def _decimal(text: str) -> tuple[int, int]:
    """12.5e3 -> (125, 2)."""
    number, _, exponent = text.partition("e")
    before, _, after = number.partition(".")
    mantissa, tens = int(before + after), int(exponent or 0) - len(after)
    while mantissa and mantissa % 10 == 0:
        mantissa, tens = mantissa // 10, tens + 1
    return mantissa, tens
