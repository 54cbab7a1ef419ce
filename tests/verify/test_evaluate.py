"""The integer evaluator against g++'s idea of the same expressions."""

from __future__ import annotations

import pytest

from xpiler.ir.nodes import Assign, Binary, Call, Cast, Const, Let, Load, Select, Unary, Var
from xpiler.ir.types import DType
from xpiler.verify.evaluate import NoValue, convert, evaluate, run_scalars

I32, U32, I64, F32 = DType.I32, DType.U32, DType.I64, DType.F32
N = Var("n", I32)


def c(value: int, dtype: DType = I32) -> Const:
    return Const(value, dtype)


@pytest.mark.parametrize(
    ("op", "a", "b", "result"),
    [
        ("/", -7, 2, -3), ("%", -7, 2, -1), ("/", 7, -2, -3), ("%", 7, -2, 1), ("<<", 3, 4, 48), (">>", -9, 1, -5),
        ("&", 12, 10, 8), ("^", 12, 10, 6), ("<=", 3, 3, 1), ("!=", 3, 3, 0),
        ("+", 2**31 - 1, 1, -(2**31)),
    ],
)
def test_integers_behave_as_in_c(op: str, a: int, b: int, result: int) -> None:
    assert evaluate(Binary(op, c(a), c(b), I32), {}) == result


def test_unsigned_wraps_and_narrow_types_convert() -> None:
    assert evaluate(Binary("-", c(0, U32), c(1, U32), U32), {}) == 2**32 - 1
    assert convert(200, DType.I8) == -56
    assert convert(-1.7, DType.I32) == -1


def test_ceiling_division_of_a_variable() -> None:
    e = Binary("/", Binary("-", Binary("+", N, c(256), I32), c(1), I32), c(256), I32)
    assert [evaluate(e, {"n": n}) for n in (1, 256, 257)] == [1, 1, 2]


def test_only_the_chosen_arm_needs_a_value() -> None:
    e = Select(Binary(">", N, c(0), I32), Binary("/", c(8), N, I32), c(-1), I32)
    assert evaluate(e, {"n": 0}) == -1
    assert evaluate(Binary("&&", c(0), Load("a", c(0), I32), DType.BOOL), {}) == 0


def test_calls_and_casts() -> None:
    e = Cast(Call("ceil", (Binary("/", Cast(N, F32), Const(256.0, F32), F32),), F32), I32)
    assert evaluate(e, {"n": 1000}) == 4
    assert evaluate(Unary("~", c(5), I32), {}) == -6


@pytest.mark.parametrize("e", [N, Load("a", c(0), I32), Binary("/", c(1), c(0), I32)])
def test_what_has_no_value_says_so(e: Var) -> None:
    with pytest.raises(NoValue):
        evaluate(e, {})


def test_host_scalars_follow_each_other() -> None:
    size, half = Var("size", I64), Var("half", I32)
    body = (
        Let(size, Binary("*", Cast(N, I64), c(4, I64), I64)),
        Let(half, Load("a", c(0), I32)),
        Assign(size, Binary("+", size, c(1, I64), I64)),
    )
    assert run_scalars(body, {"n": 10}) == {"n": 10, "size": 41}


@pytest.mark.parametrize(
    "e",
    [
        Call("pow", (Const(1.5, DType.F64), Const(1e6, DType.F64)), DType.F64),
        Call("floor", (Const(float("inf"), DType.F64),), DType.F64),
        Binary("%", Const(float("inf"), DType.F64), Const(2.0, DType.F64), DType.F64),
    ],
)
def test_what_overflows_has_no_value(e: Binary | Call) -> None:
    with pytest.raises(NoValue):
        evaluate(e, {})
