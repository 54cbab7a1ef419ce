"""C's operations, functions and conversions at their types."""

from __future__ import annotations

import math
from collections.abc import Callable

from xpiler.facts.sym.associative import reduce_pair
from xpiler.facts.sym.bits import bit, low_word
from xpiler.facts.sym.bounds import not_negative, prove_lt
from xpiler.facts.sym.comparisons import compare
from xpiler.facts.sym.fields import taken_out
from xpiler.facts.sym.halves import as_word, or_nothing, there_and_back
from xpiler.facts.sym.leaves import ONE, ZERO, integer, is_const, number
from xpiler.facts.sym.logic import conjoin, disjoin, negate
from xpiler.facts.sym.nodes import BOOL, I32, WHOLE, WHOLE_TO, Sym, float_of, make, value_of
from xpiler.facts.sym.padding import padded_alike
from xpiler.facts.sym.quotients import div, mod
from xpiler.facts.sym.selection import select
from xpiler.facts.sym.sums import add, linear, mul, scale, sub, terms_of
from xpiler.ir.types import DType


def binary(op: str, a: Sym, b: Sym, dtype: DType) -> Sym:
    """C's a op b at type dtype."""
    if op in ("&&", "||"):
        return conjoin(a, b) if op == "&&" else disjoin(a, b)
    if op in ("<", "<=", ">", ">=", "==", "!="):
        return compare(op, a, b)
    if not dtype.is_float:
        match op:
            case "+":
                return reduce_pair("+", a, b, dtype)
            case "-":
                return sub(a, b)
            case "*":
                return mul(a, b)
            case "/":
                return div(a, b)
            case "%":
                return mod(a, b)
        return bit(op, a, b)
    if op == "+":
        return reduce_pair("+", a, b, dtype)
    if op == "*":
        if a.op == "flt" and float_of(a) == 1.0:
            return b
        if b.op == "flt" and float_of(b) == 1.0:
            return a
        if a.op == b.op == "sel" and (alike := padded_alike((a, b))) is not None:
            x, y = alike[1]
            return select(alike[0], binary("*", x, y, dtype), number(0.0, dtype))
    return make("bin", (a, b), op, dtype)


def call(name: str, args: tuple[Sym, ...], dtype: DType) -> Sym:
    if name in ("max", "min") and len(args) == 2:
        if not dtype.is_float:
            a, b = args
            if prove_lt(a, add(b, ONE)):
                return a if name == "min" else b
            if prove_lt(b, add(a, ONE)):
                return b if name == "min" else a
            for end, x in ((a, b), (b, a)):
                if is_const(end) and abs(value_of(end)) <= 1 << 24 and is_cut(x):
                    # Before it is cut: the same where it fits, and all others are at the end they lie beyond.
                    real = x.args[0]
                    return cast(call(name, (real, number(float(value_of(end)), real.dtype)), real.dtype), dtype)
        for x, y in ((args[0], args[1]), (args[1], args[0])):
            if x.op == "cast" and not x.args[0].dtype.is_float and y.op == "flt":
                n, limit = x.args[0], float_of(y)
                if (n.hi <= limit) if name == "min" else (n.lo >= limit):
                    return x
        made = reduce_pair(name, args[0], args[1], dtype)
        if made.op == "call" and made.data == "min" and not dtype.is_float and made.lo < 0:
            if all(map(not_negative, made.args)):
                made.lo = 0  # its own bounds do not know that they depend on each other
        return made
    if name.startswith(("bits.i32.", "bits.u32.")):
        args = (as_word(low_word(args[0])),)
    if name.startswith("bits.") and (back := there_and_back(name, args[0])) is not None:
        return back
    if name == "bits.i32.f32" and (either := or_nothing(args[0])) is not None:
        return select(either[0], *(call(name, (word,), dtype) for word in either[1:]))
    if name == "bits.i32.f32" and args[0] is ZERO:
        return number(0.0, dtype)
    if name in WHOLE and args[0].op == "cast" and not args[0].args[0].dtype.is_float:
        return args[0]
    if name in _FOLDED and len(args) == 1 and args[0].op == "flt":
        try:
            return number(_FOLDED[name](float_of(args[0])), dtype)
        except (ValueError, OverflowError):
            pass
    return make("call", args, name, dtype)


def is_cut(x: Sym) -> bool:
    """A float cut to an integer."""
    return x.op == "cast" and x.dtype is I32 and x.args[0].dtype in WHOLE_TO


_FOLDED: dict[str, Callable[[float], float]] = {
    "exp2": lambda x: 2.0 ** x, "sqrt": math.sqrt, "abs": abs, "floor": math.floor, "ceil": math.ceil,
}


def cast(a: Sym, dtype: DType) -> Sym:
    if a.dtype is dtype:
        return a
    if a.op == "sel" and any(x.op in ("int", "flt") for x in a.args[1:]) and DType.BOOL not in (dtype, a.dtype):
        return select(a.args[0], cast(a.args[1], dtype), cast(a.args[2], dtype))
    if not dtype.is_float and dtype is not BOOL and not a.dtype.is_float:
        if dtype is DType.U32 and a.lo < 0 and a.has & {"ld", "pld", "fold"} and a.dtype is not dtype:
            return make("cast", (a,), dtype, dtype)  # data that may be negative wraps
        top = (1 << (dtype.bits - (1 if dtype.is_signed else 0))) - 1
        low = -(1 << (dtype.bits - 1)) if dtype.is_signed else 0
        if dtype.bits >= 32 or (a.lo >= low and a.hi <= top):
            return a
        const, terms = terms_of(a)
        bits = (1 << dtype.bits) - 1
        if is_const(a):
            return integer(((const - low) & bits) + low)
        part = linear(const, {t: c for t, c in terms.items() if c & bits})
        if part is not a:
            return cast(part, dtype)  # what else there is lies beyond its bits
        taken = taken_out(a.args[0], a.args[1], bits) if a.op == "bit" and a.data == ">>" else None
        if taken is not None:
            return cast(taken, dtype)
        if a.op == "bit" and a.data == "&" and is_const(a.args[1]) and not ~value_of(a.args[1]) & bits:
            return cast(a.args[0], dtype)
        if a.op == "mod" and is_const(a.args[1]) and value_of(a.args[1]) % (bits + 1) == 0:
            return cast(a.args[0], dtype)
        inner = a.args[0] if a.op == "cast" else a
        if inner is not a and not inner.dtype.is_float and inner.dtype is not BOOL and a.dtype.bits >= dtype.bits:
            return cast(inner, dtype)
    if a.op == "cast" and dtype is I32 and a.dtype is DType.F64 and not a.args[0].dtype.is_float:
        return a.args[0]  # a double holds every int
    if a.op == "call" and a.data == "trunc" and not dtype.is_float and dtype is not BOOL:
        return cast(a.args[0], dtype)  # as a cast to an integer does
    if is_exact(a) and not dtype.is_float and dtype is not BOOL:
        return cast(a.args[0], dtype)
    if a.op == "int" and dtype.is_float:
        return number(float(value_of(a)), dtype)
    if a.op == "flt" and dtype in (DType.F32, DType.F64) and float_of(a).is_integer():
        return number(float_of(a), dtype)
    if dtype is BOOL and not a.dtype.is_float:
        return negate(compare("==", a, ZERO))
    return make("cast", (a,), dtype, dtype)


def stated(a: Sym, dtype: DType) -> Sym:
    """a as this type, written down even where `cast` changes nothing and leaves it away."""
    out = cast(a, dtype)
    return out if out.dtype is dtype else make("cast", (out,), dtype, dtype)


def is_exact(a: Sym) -> bool:
    """A float as one of a type that has more of them."""
    return a.op == "cast" and a.dtype.is_float and a.args[0].dtype.is_float and a.dtype.bits > a.args[0].dtype.bits


def unary(op: str, a: Sym, dtype: DType) -> Sym:
    if op == "!":
        return negate(a if a.dtype is BOOL else negate(compare("==", a, ZERO)))
    if op == "-" and not dtype.is_float:
        return scale(a, -1)
    if op == "-" and a.op == "flt":
        return number(-float_of(a), dtype)
    return make("un", (a,), op, dtype)
