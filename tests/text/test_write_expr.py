"""Expressions as C: what they look like, and that a C compiler gives them the IR's value."""

from __future__ import annotations

import ctypes
import math
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from xpiler import platforms
from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Load, Select, Unary, Var
from xpiler.ir.types import DType as T
from xpiler.ir.types import common, promote
from xpiler.text.writing.error import NotExpressible
from xpiler.text.writing.expr import Speller
from xpiler.text.writing.scope import Scope

J, N, U, L, B = (Var("i", T.I32), Var("n", T.I32), Var("u", T.U32), Var("l", T.I64), Var("b", T.I8))
X, Y, D, H = Var("x", T.F32), Var("y", T.F32), Var("d", T.F64), Var("h", T.F16)


def speller(platform: str = "c") -> Speller:
    scope = Scope(platforms.get(platform))
    for v in (J, N, U, L, B, X, Y, D, H):
        scope.declare(v.name)
    scope.declare("a")
    return Speller(scope)


def i32(value: int) -> Const:
    return Const(value, T.I32)


def f32(value: float) -> Const:
    return Const(value, T.F32)


def op(o: str, a: Expr, b: Expr, dtype: T = T.I32) -> Binary:
    return Binary(o, a, b, dtype)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (op("+", op("*", J, i32(256)), N), "i * 256 + n"),
        (op("*", op("+", J, N), i32(3)), "(i + n) * 3"),
        (op("-", J, op("-", N, i32(1))), "i - (n - 1)"),
        (op("+", J, op("+", N, i32(1))), "i + n + 1"),
        (op("+", X, op("+", Y, f32(1)), T.F32), "x + (y + 1.0f)"),
        (op("/", J, op("*", N, i32(2))), "i / (n * 2)"),
        (op("+", J, i32(-3)), "i - 3"),
        (op("-", J, i32(-3)), "i + 3"),
        (op("-", J, Unary("-", N, T.I32)), "i - (-n)"),
        (Unary("-", i32(-3), T.I32), "-(-3)"),
        (op("<<", op("+", J, i32(1)), i32(2)), "(i + 1) << 2"),
        (op("==", op("&", J, i32(1)), i32(0), T.BOOL), "(i & 1) == 0"),
        (op("&&", op("<", J, N, T.BOOL), op("||", op(">", J, N, T.BOOL), op("!=", J, N, T.BOOL), T.BOOL),
            T.BOOL), "i < n && (i > n || i != n)"),
        (Select(op("<", J, N, T.BOOL), J, N, T.I32), "i < n ? i : n"),
        (op("+", Select(op("<", J, N, T.BOOL), J, N, T.I32), i32(1)), "(i < n ? i : n) + 1"),
        (op("*", X, Cast(J, T.F32), T.F32), "x * i"),
        (op("/", Cast(J, T.F32), Cast(N, T.F32), T.F32), "(float)i / n"),
        (op("*", Cast(J, T.I64), Cast(N, T.I64), T.I64), "(int64_t)i * n"),
        (op("+", L, Const(1, T.I64), T.I64), "l + 1"),
        (op("%", U, Const(32, T.U32), T.U32), "u % 32"),
        (op("/", Cast(J, T.U32), Const(4, T.U32), T.U32), "(unsigned int)i / 4"),
        (op("+", Cast(B, T.I32), i32(1)), "b + 1"),
        (op("*", X, Cast(D, T.F32), T.F32), "x * (float)d"),
        (op("+", Cast(X, T.I32), J), "(int)x + i"),
        (op("*", Cast(H, T.F32), X, T.F32), "(float)h * x"),
        (Cast(H, T.I32), "(int)(float)h"),
        (f32(0.1), "0.1f"),
        (f32(1e-5), "1e-5f"),
        (f32(3.4028234663852886e38), "3.4028235e38f"),
        (f32(-math.inf), "-INFINITY"),
        (f32(math.nan), "NAN"),
        (Const(0.1, T.F64), "0.1"),
        (Const(1.0, T.F16), "(_Float16)1.0f"),
        (i32(-(2**31)), "(-2147483647 - 1)"),
        (Const(0xFFFFFFFF, T.U32), "0xffffffffu"),
        (Const(True, T.BOOL), "true"),
        (Call("max", (X, f32(0)), T.F32), "fmaxf(x, 0.0f)"),
        (Call("rsqrt", (op("+", X, Y, T.F32),), T.F32), "1.0f / sqrtf(x + y)"),
        (op("*", Call("rcp", (op("+", X, Y, T.F32),), T.F32), X, T.F32), "(1.0f / (x + y)) * x"),
        (Call("max", (J, N), T.I32), "i > n ? i : n"),
        (Call("exp", (H,), T.F16), "(_Float16)expf((float)h)"),
        (Load("a", Cast(op("+", J, i32(1)), T.I64), T.F32), "a[i + 1]"),
    ],
)
def test_spelling(expression: Expr, text: str) -> None:
    assert speller().text(expression) == text


def test_an_initialiser_converts_by_itself_only_where_nothing_is_lost() -> None:
    spell = speller()
    assert spell.value(Cast(J, T.F32), T.F32) == "i"
    assert spell.value(Cast(X, T.F64), T.F64) == "x"
    assert spell.value(Cast(D, T.F32), T.F32) == "(float)d"
    assert spell.value(Cast(X, T.I32), T.I32) == "(int)x"


def test_dialects_spell_the_same_expression_their_way() -> None:
    assert speller("cuda").text(Call("rsqrt", (X,), T.F32)) == "rsqrtf(x)"
    assert speller("cuda").text(Call("max", (J, N), T.I32)) == "max(i, n)"
    assert speller("cuda").text(op("+", L, Const(2**40, T.I64), T.I64)) == "l + 1099511627776LL"
    assert speller("cuda").text(Const(0.5, T.F16)) == "(half)0.5f"


def test_what_a_platform_lacks_is_said() -> None:
    with pytest.raises(NotExpressible, match="BANG C has no such type"):
        speller("bang").text(Cast(X, T.F64))
    with pytest.raises(NotExpressible, match="no such function"):
        speller().text(Call("bessel", (X,), T.F32))


# ---------------------------------------------------------------- against a compiler

VALUES = {"i": -7, "n": 13, "u": 4000000000, "l": -(2**40) + 3, "b": -100, "x": 2.75, "y": -0.3, "d": 1e-3}
_NUMPY = {T.F32: np.float32, T.F64: np.float64}


def wrap(value: int, dtype: T) -> int:
    value &= (1 << dtype.bits) - 1
    return value - (1 << dtype.bits) if dtype.is_signed and value >> (dtype.bits - 1) else value


def convert(value: float, dtype: T) -> float:
    if dtype is T.BOOL:
        return value != 0
    return float(_NUMPY[dtype](value)) if dtype.is_float else wrap(math.trunc(value), dtype)


def evaluate(e: Expr) -> float:
    """The IR's own meaning of the few nodes that `grow` makes."""
    match e:
        case Const(value, _):
            return value
        case Var(name, dtype):
            return convert(VALUES[name], dtype)
        case Cast(a, dtype):
            return convert(evaluate(a), dtype)
        case Select(cond, a, b, _):
            return evaluate(a) if evaluate(cond) else evaluate(b)
        case Binary(o, a, b, dtype):
            x, y = evaluate(a), evaluate(b)
            match o:
                case "<":
                    return x < y
                case ">>":
                    return wrap(int(x) >> int(y), dtype)
                case "&":
                    return wrap(int(x) & int(y), dtype)
                case "/":
                    q = abs(int(x)) // abs(int(y))
                    return wrap(q if (x < 0) == (y < 0) else -q, dtype)
            exact = {"+": x + y, "-": x - y, "*": x * y}[o]
            return convert(exact, dtype)
    raise AssertionError(e)


def as_type(e: Expr, dtype: T) -> Expr:
    return e if e.dtype is dtype else Cast(e, dtype)


def grow(rng: random.Random, depth: int) -> Expr:
    """A random expression that keeps the IR's rule: operands already have C's common type."""
    if depth == 0 or rng.random() < 0.1:
        if rng.random() < 0.3:
            return Const(rng.choice([-5, 3, 70000]), rng.choice([T.I32, T.I64]))
        return rng.choice([J, N, U, L, B, X, D])
    a, b = grow(rng, depth - 1), grow(rng, depth - 1)
    dtype = common(a.dtype, b.dtype)
    match rng.randrange(8):
        case 0 | 1 | 2:
            return Binary(rng.choice("+-*"), as_type(a, dtype), as_type(b, dtype), dtype)
        case 3:
            return Binary("<", as_type(a, dtype), as_type(b, dtype), T.BOOL)
        case 4 if not dtype.is_float:
            return Binary("&", as_type(a, dtype), as_type(b, dtype), dtype)
        case 5 if not a.dtype.is_float:
            wide = promote(a.dtype)
            return rng.choice([
                Binary(">>", as_type(a, wide), Const(3, T.I32), wide),
                Binary("/", as_type(a, wide), Const(7, wide), wide),
            ])
        case 6:
            return Select(Binary("<", J, N, T.BOOL), as_type(a, dtype), as_type(b, dtype), dtype)
    if a.dtype.is_float:
        return Cast(a, rng.choice([T.F32, T.F64]))
    return Cast(a, rng.choice([T.I8, T.U8, T.I32, T.U32, T.I64, T.F32, T.F64]))


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc on PATH")
def test_gcc_gives_expressions_the_value_of_the_ir(tmp_path: Path) -> None:
    rng = random.Random(7)
    spell = speller()
    drawn = [grow(rng, 4) for _ in range(300)]
    kept = [e for e in drawn if abs(evaluate(e)) < 1e30]
    names = {"i": "int", "n": "int", "u": "unsigned", "l": "int64_t", "b": "int8_t", "x": "float", "d": "double"}
    head = ", ".join(f"{t} {v}" for v, t in names.items())
    sums = [f"out[{k}] = (double)({spell.text(e)});" for k, e in enumerate(kept)]
    source = tmp_path / "t.c"
    source.write_text(f"#include <stdint.h>\n#include <stdbool.h>\nvoid f(double* out, {head}) {{\n"
                      + "\n".join(sums) + "\n}\n")
    flags = ["-O1", "-w", "-fwrapv", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", str(tmp_path / "t.so"), str(source)], check=True, cwd=tmp_path)
    out = (ctypes.c_double * len(kept))()
    ctypes.CDLL(str(tmp_path / "t.so")).f(
        out, VALUES["i"], VALUES["n"], ctypes.c_uint(int(VALUES["u"])), ctypes.c_int64(int(VALUES["l"])),
        ctypes.c_int8(int(VALUES["b"])), ctypes.c_float(VALUES["x"]), ctypes.c_double(VALUES["d"]))
    for e, got in zip(kept, out, strict=True):
        assert float(evaluate(e)) == got, f"{spell.text(e)}  {e}"
    assert len(kept) > 200


@pytest.mark.parametrize("dialect", ["cuda", "hip"])
def test_overloads_get_arguments_of_one_type(dialect: str) -> None:
    """`min(long long, int)` is ambiguous on GPUs, and an int would not hold what bounds a long."""
    assert speller(dialect).text(Call("min", (L, i32(8)), T.I32)) == "min(l, 8LL)"
    assert speller(dialect).text(Call("max", (J, L), T.I64)) == "max((long long)i, l)"
    assert speller(dialect).text(Call("min", (J, N), T.I32)) == "min(i, n)"
