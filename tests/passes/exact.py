"""Numbers in which two programs are equal or not, with no tolerance: floats are integers modulo a prime.

Sums and products may be reassociated and nothing rounds; comparisons order the residues, which is a consistent order if
not that of the reals; every other function is some fixed function. Integers wrap as their type does. What nobody has
written may be copied, but nothing may be decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering
from typing import Any

import numpy as np

from xpiler.ir.types import DType

P = (1 << 61) - 1


@total_ordering
@dataclass(frozen=True)
class Residue:
    """An integer modulo P."""

    v: int

    def __add__(self, o: Any) -> Any:
        return Residue((self.v + o.v) % P) if isinstance(o, Residue) else NotImplemented

    def __sub__(self, o: Any) -> Any:
        return Residue((self.v - o.v) % P) if isinstance(o, Residue) else NotImplemented

    def __mul__(self, o: Any) -> Any:
        return Residue(self.v * o.v % P) if isinstance(o, Residue) else NotImplemented

    def __truediv__(self, o: Any) -> Any:
        return Residue(self.v * pow(o.v, P - 2, P) % P) if isinstance(o, Residue) else NotImplemented

    def __neg__(self) -> Residue:
        return Residue(-self.v % P)

    def __lt__(self, o: Any) -> Any:
        return self.v < o.v if isinstance(o, Residue) else NotImplemented

    def __bool__(self) -> bool:
        return self.v != 0

    def __int__(self) -> int:
        return self.v


class Unwritten:
    """What was there before anybody wrote: arithmetic keeps it, a decision on it is an error."""

    def _same(self, *_: Any) -> Unwritten:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = _same

    def _decided(self, *_: Any) -> Any:
        raise AssertionError("a value nobody has written decides something")

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __int__ = _decided

    def __eq__(self, o: object) -> bool:
        self._decided()
        return False

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "unwritten"


UNWRITTEN = Unwritten()


class Residues:
    """The numbers of interpret.run that are residues."""

    unset = UNWRITTEN

    def settled(self, x: Any, dtype: DType) -> Any:
        return x if isinstance(x, Residue | Unwritten | bool) else self.cast(x, dtype)

    def cast(self, x: Any, dtype: DType) -> Any:
        if isinstance(x, Unwritten):
            return x
        if dtype.is_float:
            return x if isinstance(x, Residue) else residue(x)
        if dtype is DType.BOOL:
            return bool(x)
        n = int(x) & ((1 << dtype.bits) - 1)
        return n - (1 << dtype.bits) if dtype.is_signed and n >> (dtype.bits - 1) else n

    def array(self, size: int, dtype: DType) -> np.ndarray:
        return np.full(size, UNWRITTEN, object)

    def loaded(self, x: Any) -> Any:
        return x

    def call(self, name: str, args: list[Any]) -> Any:
        if any(isinstance(a, Unwritten) for a in args):
            return UNWRITTEN
        if name in ("max", "min"):
            return (max if name == "max" else min)(args)
        if name == "fma":
            return args[0] * args[1] + args[2]
        if all(isinstance(a, Residue) for a in args):
            return Residue(hash((sum(map(ord, name)), *(a.v for a in args))) % P)
        assert name == "abs", name
        return abs(args[0])


def residue(x: float) -> Residue:
    """A real as a residue; the infinities are the ends of the order."""
    if x in (float("inf"), float("-inf")):
        return Residue(P - 1 if x > 0 else 0)
    exact = Fraction(x)
    return Residue(exact.numerator * pow(exact.denominator, P - 2, P) % P)
