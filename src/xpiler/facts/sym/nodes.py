"""Nodes of symbolic values: interned, so that equal ones are the same object, each with the bounds of a number.

How they are built in normal form is what the other files are about."""

from __future__ import annotations

import functools
import threading
import typing
from fractions import Fraction
from math import ceil, floor, inf, isnan, trunc

from xpiler.ir.types import DType

I32 = DType.I32
BOOL = DType.BOOL


class Sym:
    """One interned node: op, args, and data; `free` are the variables it mentions; lo/hi bound an integer.

    What `data` is depends on op: read it with `value_of`, `float_of`, `word_of`, `fold_op` and their like.
    """

    __slots__ = ("args", "data", "depth", "dtype", "free", "has", "hi", "lo", "op", "size", "uid")

    op: str
    args: tuple[Sym, ...]
    data: object
    dtype: DType
    uid: int
    free: frozenset[Sym]
    has: frozenset[str]
    lo: float
    hi: float
    depth: int
    size: int

    def __repr__(self) -> str:
        return show(self)


WHOLE = frozenset({"trunc", "floor", "ceil", "round", "rint"})
LOGICAL = "shift.u32"  # a call that stands for >> of an unsigned number which is not the same as a signed one


# ---------------------------------------------------------------- what `data` holds, by op


def value_of(x: Sym) -> int:
    """The value of an `int`."""
    assert x.op == "int"
    return typing.cast(int, x.data)


def float_of(x: Sym) -> float:
    """The value of a `flt`."""
    return typing.cast("tuple[float, str]", x.data)[0]


def name_of(v: Sym) -> str:
    return typing.cast("tuple[str, Sym | None]", v.data)[0]


def bounded(v: Sym) -> bool:
    """Whether the variable ranges over 0 .. extent-1: a loop's, not a parameter's."""
    return typing.cast("tuple[str, Sym | None]", v.data)[1] is not None


def extent_of(v: Sym) -> Sym:
    extent = typing.cast("tuple[str, Sym | None]", v.data)[1]
    assert extent is not None
    return extent


def word_of(x: Sym) -> str:
    """The operator of a `bit`, `bin`, `cmp` or `un`, the function of a `call`, the buffer of a `ld` or `pld`."""
    return typing.cast(str, x.data)


def fold_op(x: Sym) -> str:
    return typing.cast("tuple[str, tuple[Sym, ...]]", x.data)[0]


def fold_vars(x: Sym) -> tuple[Sym, ...]:
    return typing.cast("tuple[str, tuple[Sym, ...]]", x.data)[1]


def sum_of(x: Sym) -> tuple[int, tuple[int, ...]]:
    """Constant and coefficients of a `lin`, in the order of its args."""
    return typing.cast("tuple[int, tuple[int, ...]]", x.data)


# ---------------------------------------------------------------- interning

_table: dict[object, Sym] = {}
_NONE: frozenset[Sym] = frozenset()
_INTERESTING = frozenset({"fold", "ld", "prev", "pld", "undef", "call", "bit", "arr"})


def make(op: str, args: tuple[Sym, ...], data: object, dtype: DType) -> Sym:
    key = (op, args, data, dtype)
    node = _table.get(key)
    if node is not None:
        return node
    node = Sym()
    node.op, node.args, node.data, node.dtype = op, args, data, dtype
    node.uid = len(_table)
    free: frozenset[Sym] = _NONE
    has: frozenset[str] = frozenset({op}) if op in _INTERESTING else frozenset()
    depth = 0
    size = 1
    for a in args:
        free = free | a.free if free else a.free
        has = has | a.has if has else a.has
        depth = max(depth, a.depth)
        size += a.size
    node.free, node.has, node.depth, node.size = free, has, depth, min(size, 1 << 30)
    node.lo, node.hi = -inf, inf
    _table[key] = node
    if op == "var":
        node.free = frozenset({node})
    elif op == "fold":
        bound_vars = frozenset(fold_vars(node))
        node.free = node.free - bound_vars
        node.depth = depth + len(bound_vars)
    if not dtype.is_float:
        node.lo, node.hi = _range(node)
    return node


def _range(n: Sym) -> tuple[float, float]:
    a = n.args
    match n.op:
        case "int":
            return value_of(n), value_of(n)
        case "var":
            return (0, extent_of(n).hi - 1) if bounded(n) else (0, inf)
        case "lin":
            const, coefs = sum_of(n)
            lo: float = const
            hi: float = const
            for c, x in zip(coefs, a, strict=True):
                lo += c * (x.lo if c > 0 else x.hi)
                hi += c * (x.hi if c > 0 else x.lo)
            return lo, hi
        case "div":
            if a[0].lo >= 0 and a[1].lo > 0:
                lo = a[0].lo // a[1].hi if a[1].hi != inf else 0
                return lo, (a[0].hi // a[1].lo if a[0].hi != inf else inf)
        case "mod":
            if a[0].lo >= 0 and a[1].lo > 0:
                return 0, min(a[0].hi, a[1].hi - 1)
        case "prod":
            if all(x.lo >= 0 for x in a):
                lo, hi = 1.0, 1.0
                for x in a:
                    lo, hi = lo * x.lo, (hi * x.hi if x.hi and hi else 0)
                return lo, hi
        case "bit":
            if n.data == "<<" and a[0].op == "int" and a[1].lo >= 0 and a[1].hi <= 62:
                return value_of(a[0]) << int(a[1].lo), value_of(a[0]) << int(a[1].hi)
            if n.data == "&" and a[1].op == "int" and value_of(a[1]) >= 0:
                return 0, value_of(a[1])
            if n.data in ("^", "|", "&") and all(x.lo >= 0 and x.hi != inf for x in a):
                top = max(int(x.hi).bit_length() for x in a)
                return 0, (1 << top) - 1 if n.data != "&" else min(x.hi for x in a)
        case "call":
            if n.data == "min":
                return min(x.lo for x in a), min(x.hi for x in a)
            if n.data == LOGICAL and a[1].op == "int":
                return 0, (1 << (32 - value_of(a[1]))) - 1
            if n.data == "max":
                return max(x.lo for x in a), max(x.hi for x in a)
        case "sel":
            return min(a[1].lo, a[2].lo), max(a[1].hi, a[2].hi)
        case "cast" if a[0].dtype is DType.BOOL and not n.dtype.is_float:
            return 0, 1
        case "cast" if a[0].dtype.is_float and n.dtype is I32:
            low, high = span(a[0])
            return trunc(low) if abs(low) < 1 << 31 else -inf, trunc(high) if abs(high) < 1 << 31 else inf
        case "cmp" | "and" | "or" | "not":
            return 0, 1
    match n.dtype:
        case DType.BOOL:
            return 0, 1
        case DType.U8 | DType.U16 | DType.U32:
            return 0, (1 << n.dtype.bits) - 1
        case DType.I8 | DType.I16:
            return -(1 << (n.dtype.bits - 1)), (1 << (n.dtype.bits - 1)) - 1
    return -inf, inf


@functools.cache
def span(x: Sym) -> tuple[float, float]:
    """Bounds of a float; with any it is no NaN. A least or greatest of a NaN and a number is the number."""
    match x.op:
        case "flt" if not isnan(float_of(x)):
            return float_of(x), float_of(x)
        case "cast" if x.dtype in WHOLE_TO and not x.args[0].dtype.is_float:
            lo, hi = x.args[0].lo, x.args[0].hi
            return (lo, hi) if max(-lo, hi) <= WHOLE_TO[x.dtype] else (-inf, inf)
        case "call" if x.data in ("min", "max"):
            (a, b), (c, d) = map(span, x.args)
            return (max(a, c), max(b, d)) if x.data == "max" else (min(a, c), min(b, d))
        case "fold" if fold_op(x) in ("min", "max"):
            low, high = span(x.args[1])
            return (low, inf) if fold_op(x) == "max" else (-inf, high)
        case "call" if x.data in WHOLE:
            low, high = span(x.args[0])
            return floor(low) if abs(low) != inf else low, ceil(high) if abs(high) != inf else high
        case "bin" | "call" if x.has & _DATA:
            return -inf, inf
        case "bin" if x.dtype in WHOLE_TO and x.data in ("+", "-", "*", "/"):
            p, q = map(span, x.args)
            return _spanned(str(x.data), p, q, x.dtype)
        case "call" if x.dtype in WHOLE_TO and x.data == "fma":
            p, q, r = map(span, x.args)
            return _spanned("+", _spanned("*", p, q, x.dtype), r, x.dtype)
    return -inf, inf


def _spanned(op: str, a: tuple[float, float], b: tuple[float, float], dtype: DType) -> tuple[float, float]:
    """Bounds of a op b, however it is rounded."""
    if any(abs(x) == inf for x in (*a, *b)) or op == "/" and b[0] <= 0 <= b[1]:
        return -inf, inf
    exact = {"+": Fraction.__add__, "-": Fraction.__sub__, "*": Fraction.__mul__, "/": Fraction.__truediv__}[op]
    ends = [exact(Fraction(x), Fraction(y)) for x in a for y in b]
    return _rounded(min(ends), dtype, -1), _rounded(max(ends), dtype, 1)


def _rounded(x: Fraction, dtype: DType, way: int) -> float:
    """x where the type holds it, else a number a little beyond x on that side."""
    bits = x.numerator.bit_length()
    if bits <= 24 and x.denominator & (x.denominator - 1) == 0 and x.denominator <= 1 << 100:
        return float(x)
    slack = abs(x) / (1 << (20 if dtype is DType.F32 else 48)) + Fraction(1, 1 << 120)
    return float(x + way * slack) if abs(x) < 1 << 100 else way * inf


_DATA = frozenset({"fold", "ld", "prev", "pld", "undef", "arr"})  # of which no bounds are known
WHOLE_TO = {DType.F32: 1 << 24, DType.F64: 1 << 53}  # whole numbers up to here are exact


class Exhausted(Exception):
    """Rewriting took more steps than were allowed."""


class Meter(threading.local):
    """Counts a thread's steps of rewriting, so that a hopeless simplification ends; deterministic, unlike a clock."""

    def __init__(self) -> None:
        self.spent, self.limit = 0, inf

    def spend(self) -> None:
        self.spent += 1
        if self.spent > self.limit:
            raise Exhausted

    def allow(self, steps: float) -> float:
        """Set the limit to so many steps from now; the old limit, to be put back."""
        old, self.limit = self.limit, min(self.limit, self.spent + steps)
        return old


METER = Meter()


# ---------------------------------------------------------------- for debugging


def show(x: Sym) -> str:
    """Readable text."""
    a = x.args
    match x.op:
        case "int":
            return str(x.data)
        case "flt":
            return f"{float_of(x):g}"
        case "var":
            return name_of(x)
        case "lin":
            const, coefs = sum_of(x)
            parts = [(f"{c}*" if c != 1 else "") + show(t) for c, t in zip(coefs, a, strict=True)]
            return "(" + "+".join(parts + ([str(const)] if const else [])) + ")"
        case "ld" | "pld":
            return f"{x.data}{'' if x.op == 'ld' else '^'}[{show(a[0])}]"
        case "fold":
            heads = ",".join(f"{name_of(v)}<{show(extent_of(v))}" for v in fold_vars(x))
            return f"{fold_op(x)}({show(a[1])}; {heads}: {show(a[0])})"
        case "lt":
            return f"{show(a[0])}<0"
        case "eq":
            return f"{show(a[0])}==0"
        case "sel":
            return f"({show(a[0])} ? {show(a[1])} : {show(a[2])})"
        case "bin" | "bit" | "cmp":
            return f"({show(a[0])} {x.data} {show(a[1])})"
        case "prev":
            return f"prev({x.data})"
    return f"{x.op}{'' if x.data is None else ':' + str(x.data)}({', '.join(map(show, a))})"
