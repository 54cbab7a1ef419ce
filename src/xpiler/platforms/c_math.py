"""How C's <math.h> spells the canonical scalar functions."""

from __future__ import annotations

import re

from xpiler.ir.types import DType

# The canonical names that C spells alike: double takes the name, float takes it with an f.
_PLAIN = (
    "exp exp2 expm1 log log2 log10 log1p sqrt cbrt tanh sinh cosh erf erfc sin cos tan asin acos atan atan2 "
    "pow floor ceil round rint trunc fma fmod hypot"
).split()
FURTHER = "asinh acosh atanh copysign"  # in C, not in every language that spells the others so
_RENAMED = {"abs": "fabs", "min": "fmin", "max": "fmax"}
# C has no function for these; the parentheses make each a primary expression.
_F32 = {"rsqrt": "(1.0f / sqrtf({0}))", "rcp": "(1.0f / {0})", "exp10": "powf(10.0f, {0})"}
_F64 = {"rsqrt": "(1.0 / sqrt({0}))", "rcp": "(1.0 / {0})", "exp10": "pow(10.0, {0})"}


def c_math() -> dict[tuple[str, DType], str]:
    """(canonical name, argument type) -> a function name, or a template over {0}, {1}."""
    table: dict[tuple[str, DType], str] = {}
    for name, spelled in [*((n, n) for n in _PLAIN), *_RENAMED.items()]:
        table[name, DType.F32] = f"{spelled}f"
        table[name, DType.F64] = spelled
    table |= {(name, DType.F32): text for name, text in _F32.items()}
    table |= {(name, DType.F64): text for name, text in _F64.items()}
    for name in ("isnan", "isinf", "isfinite", "signbit"):
        table[name, DType.F32] = table[name, DType.F64] = name
    table["abs", DType.I32] = "abs"
    table["abs", DType.I64] = "llabs"
    return table


def like_c(names: str) -> dict[tuple[str, DType], str]:
    """The same for further functions that a language spells as C does."""
    return {(name, t): name + tail for name in names.split() for t, tail in ((DType.F32, "f"), (DType.F64, ""))}


def math_call() -> str:
    """A pattern that finds a use of <math.h> in a text."""
    names = {m for text in (c_math() | like_c(FURTHER)).values() for m in re.findall(r"[a-z]\w+(?=\(|$)", text)}
    return rf"\b(INFINITY|NAN|({'|'.join(sorted(names - {'abs', 'llabs'}))})\()"


def math_call_in_double() -> str:
    """The same for functions of double alone, which only the host of some platforms has."""
    names = {m for (_, t), text in c_math().items() if t is DType.F64 for m in re.findall(r"[a-z]\w+(?=\(|$)", text)}
    return rf"\b({'|'.join(sorted(names))})\("
