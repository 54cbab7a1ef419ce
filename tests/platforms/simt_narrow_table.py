"""Calls of the functions of half and bfloat16, alone and in pairs, with exact arithmetic beside. See `simt_table`."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from tests.platforms.simt_oracle import BF16, F16, Array, Format, exactly, root, rounded
from tests.platforms.simt_table import Row, _of, _quotient

_One = Callable[..., Array]


def _again(a: float, form: Format) -> float:
    return rounded(Fraction(a), form) if math.isfinite(a) else a


def _clamped(a: float) -> float:
    return min(max(a, 0.0), 1.0) if a == a else 0.0


def _after(f: _One, g: Callable[[float], float], form: Format) -> _One:
    return lambda *v: np.array([_again(g(a), form) for a in f(*v)])


def _functions(form: Format) -> Iterator[tuple[str, str, int, _One, float]]:
    """(scalar name, pair name, operands, what it gives, relative error)"""
    add = exactly(operator.add, operator.add, form)
    sub = exactly(operator.sub, operator.sub, form)
    mul = exactly(operator.mul, operator.mul, form)
    fma = exactly(lambda a, b, c: a * b + c, lambda a, b, c: a * b + c, form)
    yield "__hdiv", "__h2div", 2, exactly(operator.truediv, _quotient, form), 0
    for name, f in (("add", add), ("sub", sub), ("mul", mul)):
        yield f"__h{name}", f"__h{name}2", 2, f, 0
        yield f"__h{name}_rn", f"__h{name}2_rn", 2, f, 0
        yield f"__h{name}_sat", f"__h{name}2_sat", 2, _after(f, _clamped, form), 0
    yield "__hfma", "__hfma2", 3, fma, 0
    yield "__hfma_sat", "__hfma2_sat", 3, _after(fma, _clamped, form), 0
    yield "__hfma_relu", "__hfma2_relu", 3, _after(fma, lambda a: 0.0 if a < 0 else a, form), 0
    yield "__hneg", "__hneg2", 1, np.negative, 0
    yield "__habs", "__habs2", 1, np.abs, 0
    yield "__hmax", "__hmax2", 2, np.fmax, 0
    yield "__hmin", "__hmin2", 2, np.fmin, 0
    yield "__hmax_nan", "__hmax2_nan", 2, np.maximum, 0
    yield "__hmin_nan", "__hmin2_nan", 2, np.minimum, 0
    step = 2.0 ** (1 - form.bits)
    ones: dict[str, Callable[[Array], Array]] = {
        "exp": np.exp, "exp2": np.exp2, "exp10": lambda a: np.power(10.0, a), "log": np.log, "log2": np.log2,
        "log10": np.log10, "rsqrt": lambda a: 1 / np.sqrt(a), "rcp": lambda a: 1 / a, "sin": np.sin, "cos": np.cos,
        "tanh": np.tanh, "tanh_approx": np.tanh,
    }
    for name, g in ones.items():
        yield f"h{name}", f"h2{name}", 1, lambda a, g=g: np.array([
            _again(float(v), form) for v in g(a.astype(np.float64))]), step
    yield "hsqrt", "h2sqrt", 1, exactly(root, lambda a: a if a in (0.0, math.inf) else math.nan, form), 0
    for name, g in (("floor", np.floor), ("ceil", np.ceil), ("rint", np.rint), ("trunc", np.trunc)):
        yield f"h{name}", f"h2{name}", 1, g, 0


_TESTS = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}



def narrow() -> Iterator[Row]:
    """Pairs hold (x, y), (y, z) and (z, x); a pair's result is tested part by part."""
    for form, t, t2, (a, b, c) in ((F16, "half", "half2", ("hx", "hy", "hz")), (BF16, "bfloat16", "bfloat162", ("bx", "by", "bz"))):
        pairs = (f"__halves2{t2}({a}, {b})", f"__halves2{t2}({b}, {c})", f"__halves2{t2}({c}, {a})")
        for name, pair, count, f, error in _functions(form):
            turns = ((a, b, c), (b, c, a))
            yield Row(f"{name}({', '.join(turns[0][:count])})", _of(" ".join(turns[0][:count]), f), error)
            for part, turn in zip("xy", turns, strict=True):
                call = f"{pair}({', '.join(pairs[:count])}).{part}"
                yield Row(call, _of(" ".join(turn[:count]), f), error)
        for tail, test in _TESTS.items():
            for form_tail, nan in ((tail, False), (f"{tail}u", True)):
                holds: _One = lambda p, q, g=test, n=nan: np.where(np.isnan(p) | np.isnan(q), n, g(p, q))  # noqa: E731
                yield Row(f"(int)__h{form_tail}({a}, {b})", _of(f"{a} {b}", holds, np.int64))
                yield Row(f"(int)__hb{form_tail}2({pairs[0]}, {pairs[1]})", _of(
                    f"{a} {b} {c}", lambda p, q, r, g=holds: g(p, q) & g(q, r), np.int64))
                for part, names in (("x", f"{a} {b}"), ("y", f"{b} {c}")):
                    yield Row(f"__h{form_tail}2({pairs[0]}, {pairs[1]}).{part}", _of(names, holds, np.float64), 0)
                yield Row(f"__h{form_tail}2_mask({pairs[0]}, {pairs[1]})", _of(
                    f"{a} {b} {c}", lambda p, q, r, g=holds: g(p, q) * 0xFFFF + g(q, r) * 0xFFFF0000, np.int64))
        yield Row(f"(int)__hisnan({a})", _of(a, np.isnan, np.int64))
        yield Row(f"__hisnan2({pairs[0]}).y", _of(b, np.isnan, np.float64), 0)
        yield Row(f"__hisinf({a})", _of(a, lambda v: np.where(np.isinf(v), np.sign(v), 0), np.int64))
        fma = exactly(lambda p, q, s: p * q + s, lambda p, q, s: p * q + s, form)
        yield Row(f"__hcmadd({', '.join(pairs)}).x", _of(f"{a} {b} {c}", lambda p, q, r, g=fma: g(-q, r, g(p, q, r))), 0)
        yield Row(f"__hcmadd({', '.join(pairs)}).y", _of(f"{a} {b} {c}", lambda p, q, r, g=fma: g(q, q, g(p, r, p))), 0)
        moves = {
            f"make_{t2}({a}, {b}).y": b, f"__{t}2{t2}({a}).y": a, f"__low2{t}({pairs[0]})": a, f"__high2{t}({pairs[0]})": b,
            f"__low2{t2}({pairs[0]}).y": a, f"__high2{t2}({pairs[0]}).x": b, f"__lows2{t2}({pairs[0]}, {pairs[2]}).y": c,
            f"__highs2{t2}({pairs[0]}, {pairs[2]}).y": a, f"__lowhigh2highlow({pairs[0]}).x": b,
            f"__low2float({pairs[0]})": a, f"__high2float({pairs[0]})": b, f"__{t2}2float2({pairs[0]}).y": b,
        }
        for call, name in moves.items():
            call = call.replace(f"__{t2}2float2", f"__{t}22float2")
            yield Row(call, _of(name, lambda v: v, np.float64), 0)
        near = exactly(lambda v: v, float, form)
        for call, name in ((f"__floats2{t2}_rn(x, y).y", "y"), (f"__float2{t2}_rn(x).y", "x"),
                           (f"__float22{t2}_rn(make_float2(x, y)).x", "x")):
            yield Row(call, _of(name, near), 0)
        for symbol, g in (("+", operator.add), ("-", operator.sub), ("*", operator.mul), ("/", operator.truediv)):
            exact = exactly(g, _quotient if symbol == "/" else g, form)
            yield Row(f"({pairs[0]} {symbol} {pairs[1]}).y", _of(f"{b} {c}", exact), 0)
    # A float between would round to a tie, and then up.
    yield Row("__hfma((half)0x1.004p-11f, (half)0x1.ff8p-1f, (half)0x1.004p0f)", _of(
        "hx", lambda v: np.full(len(v), 1 + 2.0**-10)), 0)
