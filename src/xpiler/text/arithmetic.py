"""C arithmetic on IR expressions: conversions made explicit, constants folded, indices kept readable.

Built-in indices are unsigned in C and small; written down literally, every index would be buried in casts between
signed and unsigned. An unsigned value whose signed form is known not to be negative is therefore kept as a cast of
that signed form, and arithmetic is done below the cast where both ways give the same number.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable

from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Load, Select, Unary, Var
from xpiler.ir.types import DType, common, promote
from xpiler.ir.walk import subexpressions

ZERO = Const(0, DType.I32)
ONE = Const(1, DType.I32)
TRUE = Const(1, DType.BOOL)
FALSE = Const(0, DType.BOOL)
COMPARE = frozenset({"<", "<=", ">", ">=", "==", "!="})
LOGIC = frozenset({"&&", "||"})
SHIFTS = frozenset({"<<", ">>"})
_RING = frozenset({"+", "-", "*", "&", "|", "^", "<<"})
_KEEPS_SIGN = frozenset({"+", "*", "/", "%", ">>", "|", "^", "&", "<<"})
_SIGNED = {DType.U8: DType.I8, DType.U16: DType.I16, DType.U32: DType.I32, DType.U64: DType.I64}
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_LARGEST_FACTOR = 1 << 20
_FOLD: dict[str, Callable[[int, int], int]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "&": operator.and_,
    "|": operator.or_, "^": operator.xor,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
    "&&": lambda a, b: bool(a) and bool(b), "||": lambda a, b: bool(a) or bool(b),
}


def int_const(value: int) -> Const:
    """An integer of C's type for a literal of that size."""
    return Const(value, DType.I32 if -(2**31) <= value < 2**31 else DType.I64)


def wrap(value: int, dtype: DType) -> int:
    """An integer as `dtype` holds it."""
    if dtype is DType.BOOL:
        return int(bool(value))
    value &= (1 << dtype.bits) - 1
    return value - (1 << dtype.bits) if dtype.is_signed and value >> (dtype.bits - 1) else value


def _holds(wide: DType, narrow: DType) -> bool:
    """Whether an integer type has every value of another that is not negative."""
    if wide.is_float or narrow.is_float:
        return False
    return wide.bits > narrow.bits or wide.bits == narrow.bits and (narrow.is_signed or not wide.is_signed)


class Arithmetic:
    """Builds expressions; `counters` names the signed scalars that are never negative (axes, ascending loops)."""

    def __init__(self) -> None:
        self.counters: set[str] = set()

    def nonnegative(self, e: Expr) -> bool:
        """Whether an integer expression is known not to be negative."""
        match e:
            case Const(value):
                return value >= 0
            case Var(name, dtype):
                return not dtype.is_signed or name in self.counters
            case Cast(a, dtype):
                if not dtype.is_signed:
                    return True
                return not a.dtype.is_float and a.dtype.bits <= dtype.bits and self.nonnegative(a)
            case Binary(op, a, b, dtype):
                if not dtype.is_signed or op == "&" and self.nonnegative(b):
                    return True
                if op in ("%", "&"):
                    return self.nonnegative(a)
                return op in _KEEPS_SIGN and self.nonnegative(a) and self.nonnegative(b)
            case Select(_, a, b):
                return self.nonnegative(a) and self.nonnegative(b)
            case Call(name, args):
                return name in ("min", "max") and all(map(self.nonnegative, args))
            case Load(_, _, dtype):
                return not dtype.is_signed
        return False

    def signed(self, e: Expr) -> Expr | None:
        """The signed form of an unsigned expression, where there is one with the same value."""
        if e.dtype not in _SIGNED:
            return e
        to = _SIGNED[e.dtype]
        match e:
            case Const(value) if wrap(int(value), to) == value:
                return Const(value, to)
            case Cast(a) if a.dtype.is_signed and not a.dtype.is_float:
                return self.convert(a, to) if self.nonnegative(a) else None
        return None

    # ------------------------------------------------------------ conversions

    def convert(self, e: Expr, to: DType) -> Expr:
        """A C conversion, gone where it changes nothing."""
        if e.dtype == to:
            return e
        if to is DType.BOOL:
            return self.truth(e)
        if isinstance(e, Const):
            return self._convert_constant(e, to)
        if isinstance(e, Cast) and not to.is_float and not e.dtype.is_float:
            inner = e.a
            if inner.dtype is not DType.BOOL and not inner.dtype.is_float and (
                to.bits <= e.dtype.bits
                and (inner.dtype.bits <= e.dtype.bits or to.bits <= inner.dtype.bits)
            ):
                return self.convert(inner, to)
            if self.nonnegative(inner) and _holds(e.dtype, inner.dtype) and e.dtype.bits <= to.bits:
                return self.convert(inner, to)
        if isinstance(e, Cast) and to.is_float and self.nonnegative(e.a):
            inner = e.a
            if _holds(e.dtype, inner.dtype):
                return Cast(inner, to)
        if isinstance(e, Binary) and e.dtype.bits == 64 and to is DType.I32 and e.op in _RING:
            narrow = self._narrow(e)
            if narrow is not None:
                return narrow
        if (
            isinstance(e, Binary) and e.dtype in _SIGNED and to is _SIGNED[e.dtype]
            and e.op in _RING and e.op != "<<"
        ):
            return self.binary(e.op, self.convert(e.a, to), self.convert(e.b, to))
        return Cast(e, to)

    def _convert_constant(self, e: Const, to: DType) -> Expr:
        if to.is_float:
            return Const(_rounded(float(e.value), to), to)
        if e.dtype.is_float and not math.isfinite(e.value):
            return Cast(e, to)
        return Const(wrap(int(e.value), to), to)

    def truth(self, e: Expr) -> Expr:
        """An expression as a condition."""
        if e.dtype is DType.BOOL:
            return e
        if isinstance(e, Const):
            return TRUE if e.value else FALSE
        if isinstance(e, Cast) and e.a.dtype is DType.BOOL:
            return e.a
        return Binary("!=", e, Const(0.0 if e.dtype.is_float else 0, e.dtype), DType.BOOL)

    def negated(self, cond: Expr) -> Expr:
        """The opposite of a condition; comparisons of floats keep their NaNs."""
        match cond:
            case Binary(op, a, b, dtype) if op in _OPPOSITE and not a.dtype.is_float:
                return Binary(_OPPOSITE[op], a, b, dtype)
            case Unary("!", a):
                return a
        return self.unary("!", cond)

    # ------------------------------------------------------------ operators

    def unary(self, op: str, a: Expr) -> Expr:
        """+ - ~ ! on a scalar."""
        if op == "!":
            a = self.truth(a)
            return Const(1 - int(a.value), DType.BOOL) if isinstance(a, Const) else Unary("!", a, a.dtype)
        a = self.convert(a, promote(a.dtype))
        if op == "+":
            return a
        if isinstance(a, Const):
            if a.dtype.is_float:
                return Const(-a.value, a.dtype)
            value = -int(a.value) if op == "-" else ~int(a.value)
            return Const(wrap(value, a.dtype), a.dtype)
        return Unary(op, a, a.dtype)

    def binary(self, op: str, a: Expr, b: Expr) -> Expr:
        """An operator on two scalars after C's usual conversions."""
        if op in LOGIC:
            return self._logic(op, self.truth(a), self.truth(b))
        if op in SHIFTS:
            a, b = self.convert(a, promote(a.dtype)), self.convert(b, promote(b.dtype))
            result = a.dtype
        else:
            result = common(a.dtype, b.dtype)
            a, b = self.convert(a, result), self.convert(b, result)
        if result in _SIGNED and (op in COMPARE or op in _KEEPS_SIGN):
            x, y = self.signed(a), self.signed(b)
            if x is not None and y is not None and not _small(op, x, y):
                x = None
            if x is not None and y is not None and not (
                isinstance(a, Const) and isinstance(b, Const)
            ):
                low = self.binary(op, x, y)
                return low if op in COMPARE else self._hold(low, result)
        return self._simplified(op, a, b, DType.BOOL if op in COMPARE else result)

    def _hold(self, e: Expr, to: DType) -> Expr:
        """An unsigned value as a cast of its signed form (a constant simply has the type)."""
        return self._convert_constant(e, to) if isinstance(e, Const) else Cast(e, to)

    def _logic(self, op: str, a: Expr, b: Expr) -> Expr:
        decides = op == "||"
        for x, other in ((a, b), (b, a)):
            if isinstance(x, Const):
                return other if bool(x.value) != decides else x
        return Binary(op, a, b, DType.BOOL)

    def _simplified(self, op: str, a: Expr, b: Expr, dtype: DType) -> Expr:
        if a.dtype.is_float:
            return Binary(op, a, b, dtype)
        if isinstance(a, Const) and isinstance(b, Const):
            value = _folded(op, int(a.value), int(b.value), a.dtype)
            if value is not None:
                return Const(wrap(value, dtype), dtype)
        match op, a, b:
            case ("+" | "-" | "|" | "^" | "<<" | ">>"), _, Const(0):
                return a
            case ("*" | "/"), _, Const(1):
                return a
            case "/", Binary("*", x, Const(c)), Const(d) if c == d and a.dtype.bits == 64:
                return x  # sizes in bytes do not wrap
            case ("+" | "|" | "^"), Const(0), _:
                return b
            case "*", Const(1), _:
                return b
            case ("*" | "&"), _, Const(0):
                return b
            case ("*" | "&" | "/" | "%" | "<<" | ">>"), Const(0), _:
                return a
            case "%", _, Const(1):
                return Const(0, dtype)
        return Binary(op, a, b, dtype)

    def add(self, a: Expr, b: Expr) -> Expr:
        """An offset and another; constants are gathered at the end."""
        match a, b:
            case Binary("+", x, Const() as c), Const() if c.dtype == a.dtype:
                return self.add(x, self.binary("+", c, b))
        return self.binary("+", a, b)

    def index(self, e: Expr) -> Expr:
        """An index without the casts that do not change it; a buffer has fewer than 2^31 elements."""
        if isinstance(e, Const):
            return int_const(int(e.value))
        narrow = self._narrow(e)
        return e if narrow is None else narrow

    def _narrow(self, e: Expr) -> Expr | None:
        """An integer expression computed in 32 bits, where its parts have no more; exact below 2^31."""
        match e:
            case Const(value) if not e.dtype.is_float:
                small = wrap(int(value), DType.I32)
                return Const(small, DType.I32)
            case Cast(a) if not a.dtype.is_float and a.dtype is not DType.BOOL:
                if a.dtype.bits < 32:
                    return self.convert(a, DType.I32) if e.dtype.bits >= 32 else None
                return self._narrow(a) if e.dtype.bits >= 32 else None
            case Binary(op, a, b) if op in _RING and op not in COMPARE and op != "<<":
                x, y = self._narrow(a), self._narrow(b)
                return None if x is None or y is None else self.binary(op, x, y)
        return e if e.dtype is DType.I32 else None

    def select(self, cond: Expr, a: Expr, b: Expr) -> Expr:
        """cond ? a : b"""
        if isinstance(cond, Const):
            return a if cond.value else b
        if a.dtype != b.dtype:
            to = common(a.dtype, b.dtype)
            a, b = self.convert(a, to), self.convert(b, to)
        return a if a == b else Select(cond, a, b, a.dtype)


def _small(op: str, a: Expr, b: Expr) -> bool:
    """Whether arithmetic on sizes and indices stays below 2^31; on data and with large factors it may not."""
    if op == "*":
        return not any(isinstance(x, Const) and x.value >= _LARGEST_FACTOR for x in (a, b))
    if op == "<<":
        return isinstance(b, Const) and not any(isinstance(x, Load) for x in subexpressions(a))
    return True


def _folded(op: str, a: int, b: int, dtype: DType) -> int | None:
    if op in _FOLD:
        return int(_FOLD[op](a, b))
    if op in ("/", "%") and b != 0:
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return quotient if op == "/" else a - quotient * b
    if op in SHIFTS and 0 <= b < dtype.bits:
        return a << b if op == "<<" else a >> b
    return None


def _rounded(value: float, to: DType) -> float:
    """A constant as its type holds it (bfloat16 constants are left to the compiler)."""
    match to:
        case DType.F32:
            return _packed("f", value)
        case DType.F16:
            return _packed("e", value)
    return value


def _packed(code: str, value: float) -> float:
    try:
        return float(struct.unpack(code, struct.pack(code, value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
