"""A quotient by a power of two is a product with its reciprocal: as exact, and an instruction that takes less time. Of
whole numbers, which registers have no division of, it is a shift, and what remains the lowest bits.

    x[i] / 8        ->        x[i] * 0.125                q[i] / 16, q[i] % 16        ->        q[i] >> 4, q[i] & 15
"""

from __future__ import annotations

from math import frexp, isfinite

from xpiler.facts import sym
from xpiler.facts.sym import Sym
from xpiler.ir.types import DType

# The powers of two of which the reciprocal is a normal number too.
_LARGEST = {DType.F16: 14, DType.BF16: 126, DType.F32: 126, DType.F64: 1022}


def multiplied(x: Sym) -> Sym | None:
    """Such a quotient as a product; None for everything else."""
    if x.op != "bin" or x.data != "/" or x.args[1].op != "flt" or x.dtype not in _LARGEST:
        return None
    by = sym.float_of(x.args[1])
    if not isfinite(by) or by == 0:
        return None
    fraction, exponent = frexp(by)
    if abs(fraction) != 0.5 or abs(exponent - 1) > _LARGEST[x.dtype]:
        return None
    return sym.binary("*", x.args[0], sym.number(1 / by, x.dtype), x.dtype)


def of_bits(x: Sym) -> Sym | None:
    """The bits that a whole number, not a negative one, divided by a power of two leaves or has over; None for others.
    """
    if x.op not in ("div", "mod") or not sym.is_const(x.args[1]) or x.dtype is not DType.I32 or x.args[0].lo < 0:
        return None
    by = sym.value_of(x.args[1])
    if by < 2 or by & (by - 1):
        return None
    whole = sym.stated(x.args[0], DType.I32)
    if x.op == "mod":
        return sym.make("bit", (whole, sym.integer(by - 1)), "&", DType.I32)
    return sym.make("bit", (whole, sym.integer(by.bit_length() - 1)), ">>", DType.I32)
