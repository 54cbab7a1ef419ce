"""Calls of the scalar functions that CUDA and HIP share, each with what it must give.

`code` is an expression over x y z (float), dx dy dz (double), i j k (int), u v w (unsigned), l m n (long long), p q r
(unsigned long long), hx hy hz (half), bx by bz (bfloat16); `want` takes the operands by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tests.platforms.simt_oracle import BF16, F16, F32, F64, Array, Format, each, exactly, inverse, root, rounded

Want = Callable[[Mapping[str, Array]], Array]


@dataclass(frozen=True)
class Row:
    """A call, and its result: exact where `error` is 0, else within that relative error; integers have none."""

    code: str
    want: Want
    error: float | None = None
    least: float = 0.0  # absolute errors up to this do not count


def _of(names: str, f: Callable[..., Array], cast: type | None = None) -> Want:
    def want(o: Mapping[str, Array]) -> Array:
        result = np.asarray(f(*(o[n] for n in names.split())))
        return result if cast is None else result.astype(cast)

    return want


def real_functions() -> Iterator[Row]:
    """C's functions of reals, and those that only the vendors have."""
    phi = lambda a: 0.5 * math.erfc(-a / math.sqrt(2))  # noqa: E731
    bessel = lambda order: lambda a: sum(  # noqa: E731
        math.exp(a * math.cos(t * math.pi / 400)) * math.cos(order * t * math.pi / 400) for t in range(800)) / 800
    away = lambda a: math.copysign(math.floor(abs(a) + 0.5), a) if math.isfinite(a) and abs(a) < 2**52 else a  # noqa: E731
    erfinv = inverse(math.erf, -7, 7)
    ones: dict[str, Callable[..., Array]] = {
        "exp": np.exp, "exp2": np.exp2, "exp10": lambda a: np.power(10.0, a), "expm1": np.expm1, "log": np.log,
        "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sqrt": np.sqrt, "rsqrt": lambda a: 1 / np.sqrt(a),
        "cbrt": np.cbrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos,
        "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh,
        "atanh": np.arctanh, "erf": each(math.erf), "erfc": each(math.erfc), "floor": np.floor, "ceil": np.ceil,
        "round": each(away), "rint": np.rint, "nearbyint": np.rint, "trunc": np.trunc, "fabs": np.abs,
        "rcbrt": lambda a: 1 / np.cbrt(a), "normcdf": each(phi),
        "logb": lambda a: np.where(a == 0, -np.inf, np.where(np.isfinite(a), np.frexp(a)[1] - 1.0, np.abs(a))),
    }
    twos: dict[str, Callable[..., Array]] = {
        "pow": np.power, "atan2": np.arctan2, "fmod": np.fmod, "hypot": np.hypot, "fmin": np.fmin, "fmax": np.fmax,
        "copysign": np.copysign, "fdim": lambda a, b: np.where(np.isnan(a) | np.isnan(b), a + b, np.where(a > b, a - b, 0)),
        "remainder": each(math.remainder), "rhypot": lambda a, b: 1 / np.hypot(a, b),
    }
    near: dict[str, tuple[str, Callable[..., Array]]] = {  # where an argument must stay small
        "sinpi": ("({0} * 0.25)", each(lambda a: math.sin(math.pi * math.fmod(a * 0.25, 2)))),
        "cospi": ("({0} * 0.25)", each(lambda a: math.cos(math.pi * math.fmod(a * 0.25, 2)))),
        "lgamma": ("fmin(fabs({0}) + 1, 30)", each(lambda a: math.lgamma(min(abs(a) + 1, 30)))),
        "tgamma": ("fmin(fabs({0}) + 1, 30)", each(lambda a: math.gamma(min(abs(a) + 1, 30)))),
        "erfcx": ("fmin(fabs({0}), 9)", each(lambda a: math.exp(min(abs(a), 9) ** 2) * math.erfc(min(abs(a), 9)))),
        "erfinv": ("tanh({0} * 0.5)", each(lambda a: erfinv(math.tanh(a * 0.5)) if abs(a) < 30 else a * math.inf)),
        "erfcinv": ("(1 - tanh({0} * 0.5))", each(lambda a: erfinv(math.tanh(a * 0.5)) if abs(a) < 9 else math.nan)),
        "normcdfinv": ("(0.5 + 0.5 * tanh({0} * 0.5))",
                       each(lambda a: math.sqrt(2) * erfinv(math.tanh(a * 0.5)) if abs(a) < 9 else math.nan)),
        "cyl_bessel_i0": ("fmin(fabs({0}), 9)", each(lambda a: bessel(0)(min(abs(a), 9)))),
        "cyl_bessel_i1": ("fmin(fabs({0}), 9)", each(lambda a: bessel(1)(min(abs(a), 9)))),
    }
    for f, t, a, b, error in (("f", np.float32, "x", "y", 5e-6), ("", np.float64, "dx", "dy", 2e-12)):
        wide = lambda g, t=t: lambda *v: g(*(w.astype(np.float64) for w in v)).astype(t)  # noqa: E731
        for name, g in ones.items():
            yield Row(f"{name}{f}({a})", _of(a, wide(g)), error)
        for name, g in twos.items():
            yield Row(f"{name}{f}({a}, {b})", _of(f"{a} {b}", wide(g)), error)
        if not f:
            for name, (argument, g) in near.items():
                sane = f"(fabs({a}) < 9 ? {a} : 0.25)"
                tame = lambda v, g=g: g(np.where(np.abs(v) < 9, v, 0.25))  # noqa: E731
                yield Row(f"{name}({argument.format(sane)})", _of(a, tame), 1e-9, 1e-13)
                yield Row(f"{name}f((float){argument.format(sane)})", _of(a, tame), 3e-3 if "inv" in name else 1e-4, 1e-7)
    yield Row("nextafterf(x, y)", _of("x y", np.nextafter), 0)
    yield Row("nextafter(dx, dy)", _of("dx dy", np.nextafter), 0)
    for f, (a, b, c) in (("f", "xyz"), ("", ("dx", "dy", "dz"))):
        names, t = f"{a} {b} {c}", np.float32 if f else np.float64
        three = lambda *v: np.hypot(np.hypot(*(w.astype(np.float64) for w in v[:2])), v[2].astype(np.float64))  # noqa: E731
        yield Row(f"norm3d{f}({a}, {b}, {c})", _of(names, three, t), 1e-6)
        yield Row(f"rnorm3d{f}({a}, {b}, {c})", _of(names, lambda *v, g=three: 1 / g(*v), t), 1e-6)
        yield Row(f"norm4d{f}({a}, {b}, {c}, 3)", _of(names, lambda *v, g=three: np.hypot(g(*v), 3), t), 1e-6)
        yield Row(f"rnorm4d{f}({a}, {b}, {c}, 3)", _of(names, lambda *v, g=three: 1 / np.hypot(g(*v), 3), t), 1e-6)


def fast_functions() -> Iterator[Row]:
    """The approximate forms, which may be as good as the others here; and conditions of reals."""
    for name, f in (("exp", np.exp), ("exp10", lambda a: np.power(10.0, a)), ("log", np.log), ("log2", np.log2),
                    ("log10", np.log10), ("sin", np.sin), ("cos", np.cos), ("tan", np.tan), ("tanh", np.tanh)):
        yield Row(f"__{name}f(x)", _of("x", lambda a, g=f: g(a.astype(np.float64)), np.float32), 5e-6)
    yield Row("__powf(x, y)", _of("x y", lambda a, b: np.power(a.astype(np.float64), b), np.float32), 5e-6)
    yield Row("__saturatef(x)", _of("x", lambda a: np.where(a > 0, np.minimum(a, 1), 0)), 0)
    for name in ("__fdividef", "fdividef"):
        yield Row(f"{name}(x, y)", _of("x y", np.divide), 1e-6)
    yield Row("__frsqrt_rn(x)", _of("x", lambda a: 1 / np.sqrt(a.astype(np.float64)), np.float32), 1e-6)
    for name, g in (("isnan", np.isnan), ("isinf", np.isinf), ("isfinite", np.isfinite), ("signbit", np.signbit)):
        yield Row(f"(int){name}(x)", _of("x", g, np.int64))
        yield Row(f"(int){name}(dx)", _of("dx", g, np.int64))


_ROUND = {"rn": np.rint, "rz": np.trunc, "rd": np.floor, "ru": np.ceil}
_WORDS = {"int": (np.int32, "i"), "uint": (np.uint32, "u"), "ll": (np.int64, "l"), "ull": (np.uint64, "p"),
          "short": (np.int16, "(short)i"), "ushort": (np.uint16, "(unsigned short)i"),
          "char": (np.int8, ""), "uchar": (np.uint8, "")}


def _whole(values: Array, round_: Callable[[Array], Array], to: type, nan_top: bool) -> Array:
    """The nearest integer of a type; the bits of an unsigned one as signed."""
    limits = np.iinfo(to)
    top = 1 << (limits.bits - 1) if nan_top else 0
    found = [top if math.isnan(v) else int(min(max(v, limits.min), limits.max))
             if not math.isfinite(v) or abs(v) >= 2**64 else min(max(int(v), int(limits.min)), int(limits.max))
             for v in map(float, round_(values.astype(np.float64)))]
    return np.array([f & (2**limits.bits - 1) for f in found], np.uint64).astype(f"uint{limits.bits}").astype(to)


def conversions(nan_top: bool) -> Iterator[Row]:
    """Between integers and reals with a stated rounding; `nan_top`: NaN has the top bit where 64 bits take part."""
    for source, name, bits in (("float", "x", 32), ("double", "dx", 64), ("half", "hx", 16), ("bfloat16", "bx", 16)):
        for to, (t, _) in _WORDS.items():
            if bits > 16 and to not in ("int", "uint", "ll", "ull"):
                continue
            top = nan_top and 64 in (bits, np.iinfo(t).bits)
            for mode, g in _ROUND.items():
                if "char" not in to or mode == "rz":
                    yield Row(f"__{source}2{to}_{mode}({name})",
                              _of(name, lambda a, g=g, t=t, top=top: _whole(a, g, t, top)))
    for to, form in (("float", F32), ("double", F64), ("half", F16), ("bfloat16", BF16)):
        for source, (t, code) in _WORDS.items():
            if not code or "(" in code and form.bits > 11:
                continue
            for mode in _ROUND if to != "double" or source in ("ll", "ull") else ("rn",):
                variable = code[-1]
                yield Row(f"__{source}2{to}_{mode}({code})", _of(
                    variable, lambda a, t=t, f=form, mode=mode: _exact_integers(a.astype(t), f, mode)), 0)
    for to, form, source, name in (("float", F32, "double", "dx"), ("half", F16, "float", "x"), ("bfloat16", BF16, "float", "x")):
        for mode in _ROUND:
            yield Row(f"__{source}2{to}_{mode}({name})", _of(name, exactly(lambda a: a, float, form, mode)), 0)
    for to, form in (("half", F16), ("bfloat16", BF16)):
        yield Row(f"__float2{to}(x)", _of("x", exactly(lambda a: a, float, form)), 0)
        yield Row(f"__double2{to}(dx)", _of("dx", exactly(lambda a: a, float, form)), 0)
    yield Row("__half2float(hx)", _of("hx", lambda a: a, np.float64), 0)
    yield Row("__bfloat162float(bx)", _of("bx", lambda a: a, np.float64), 0)


def _exact_integers(values: Array, form: Format, mode: str) -> Array:
    return np.array([rounded(Fraction(int(v)), form, mode) for v in values])


def directed() -> Iterator[Row]:
    """Arithmetic with a stated rounding."""
    for mode in _ROUND:
        for letter, form, a, b, c in (("f", F32, "x", "y", "z"), ("d", F64, "dx", "dy", "dz")):
            cases: tuple[tuple[str, str, Callable[..., Fraction], Callable[..., float]], ...] = (
                ("add", f"{a} {b}", lambda p, q: p + q, lambda p, q: p + q),
                ("sub", f"{a} {b}", lambda p, q: p - q, lambda p, q: p - q),
                ("mul", f"{a} {b}", lambda p, q: p * q, lambda p, q: p * q),
                ("div", f"{a} {b}", lambda p, q: p / q, _quotient),
                ("rcp", a, lambda p: 1 / p, lambda p: _quotient(1.0, p)),
                ("sqrt", a, root, lambda p: p if p == math.inf or p == 0 else math.nan),
            )
            for name, names, op, plain in cases:
                arguments = names.replace(" ", ", ")
                yield Row(f"__{letter}{name}_{mode}({arguments})", _of(names, exactly(op, plain, form, mode)), 0)
            if letter == "f" or mode == "rn":
                fused = exactly(lambda p, q, s: p * q + s, lambda p, q, s: p * q + s, form, mode)
                for name in ("__fmaf", "__fmaf_ieee") if letter == "f" else ("__fma",):
                    yield Row(f"{name}_{mode}({a}, {b}, {c})", _of(f"{a} {b} {c}", fused), 0)


def _quotient(p: float, q: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.divide(np.float64(p), np.float64(q)))


def _tame(v: Array) -> Array:
    return np.where(np.abs(v) < 100, v, 0.25)


def several_results() -> Iterator[Row]:
    """Functions that answer through pointers, take integers besides, or give integers."""
    for f, a, ctype, s, c, t in (("f", "x", "float", "fs", "fc", np.float32), ("", "dx", "double", "ds", "dc", np.float64)):
        small = f"(fabs({a}) < 100 ? {a} : ({ctype})0.25)"
        error = 5e-6 if f else 1e-11
        for name, turn in (("sincos", 1.0), ("sincospi", np.pi)):
            for out, g in ((s, np.sin), (c, np.cos)):
                yield Row(f"({name}{f}({small}, &{s}, &{c}), {out})", _of(
                    a, lambda v, g=g, turn=turn: g(_tame(v).astype(np.float64) * turn)), error, 1e-6 if f else 1e-12)
        yield Row(f"modf{f}({a}, &{s})", _of(a, lambda v: np.modf(v)[0]), 0)
        yield Row(f"(modf{f}({a}, &{s}), {s})", _of(a, lambda v: np.modf(v)[1]), 0)
        yield Row(f"frexp{f}({a}, &e)", _of(a, lambda v: np.frexp(v)[0]), 0)
        yield Row(f"(frexp{f}({a}, &e), isfinite({a}) ? e : 0)", _of(a, lambda v: np.where(np.isfinite(v), np.frexp(v)[1], 0)))
        for name in ("ldexp", "scalbn", "scalbln"):
            yield Row(f"{name}{f}({small}, i % 20)", _of(f"{a} i", lambda v, n: np.ldexp(_tame(v), np.fmod(n, 20)), t), 0)
        yield Row(f"(isfinite({a}) && {a} != 0 ? ilogb{f}({a}) : 0)", _of(
            a, lambda v: np.where(np.isfinite(v) & (v != 0), np.frexp(v)[1] - 1, 0)))
        for name, g in (("lrint", np.rint), ("llrint", np.rint), ("lround", lambda v: np.trunc(v + np.copysign(0.5, v))),
                        ("llround", lambda v: np.trunc(v + np.copysign(0.5, v)))):
            yield Row(f"(long long){name}{f}({small})", _of(a, lambda v, g=g: g(_tame(v).astype(np.float64)), np.int64))
        yield Row(f"fma{f}({', '.join([a, a.replace('x', 'y'), a.replace('x', 'z')])})", _of(
            f"{a} {a.replace('x', 'y')} {a.replace('x', 'z')}",
            exactly(lambda p, q, r: p * q + r, lambda p, q, r: p * q + r, F32 if f else F64)), 0)
    yield Row("(__sincosf(fabsf(x) < 100 ? x : 0.25f, &fs, &fc), fs + 2 * fc)", _of("x", lambda v: (
        np.sin(_tame(v).astype(np.float64)) + 2 * np.cos(_tame(v).astype(np.float64)))), 1e-5, 1e-5)


def smaller_and_larger() -> Iterator[Row]:
    """min, max and abs of every type, and of two types."""
    for a, b in (("i", "j"), ("u", "v"), ("l", "m"), ("p", "q"), ("x", "y"), ("dx", "dy"), ("hx", "hy")):
        error = 0.0 if len(a) == 2 or a == "x" else None
        yield Row(f"min({a}, {b})", _of(f"{a} {b}", np.fmin), error)
        yield Row(f"max({a}, {b})", _of(f"{a} {b}", np.fmax), error)
    yield Row("max(i, u)", _of("u v", lambda a, b: a))
    yield Row("min(i, (long long)j)", _of("i j", np.minimum))
    yield Row("max(x, 0)", _of("x", lambda a: np.fmax(a, 0)), 0)
    yield Row("min(x, dy)", _of("x dy", np.fmin), 0)
    for name, a in (("abs", "i"), ("abs", "l"), ("labs", "l"), ("llabs", "l"), ("abs", "x"), ("abs", "dx")):
        yield Row(f"{name}({a})", _of(a, np.abs), 0.0 if "x" in a else None)
