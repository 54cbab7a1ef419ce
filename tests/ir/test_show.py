"""Any piece of the IR has a text."""

from __future__ import annotations

from textwrap import dedent

import pytest

from xpiler.ir.nodes import (
    Addr, Alloc, Atomic, Barrier, Binary, Break, Buffer, Call, Cast, Const, Continue, DeviceBuffer,
    Expr, For, If, Intrinsic, Kernel, Launch, Launcher, Let, Load, Meaning, Program, Return, Select,
    Shuffle, Stmt, Store, Unary, Var, While,
)
from xpiler.ir.show import digits, show
from xpiler.ir.types import DType as T

I, X = Var("i", T.I32), Var("x", T.F32)  # noqa: E741
ONE, ZERO = Const(1, T.I32), Const(0, T.I32)
BUFFER = Buffer("a", T.F32, I, "nram", "float4", const=True)
ADDR = Addr("a", Binary("+", I, ONE, T.I32), T.F32)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Binary("*", Binary("+", I, ONE, T.I32), I, T.I32), "(i + 1) * i"),
        (Select(Binary("<", I, ONE, T.BOOL), X, Const(0.5, T.F32), T.F32), "i < 1 ? x : 0.5f"),
        (Cast(Unary("-", Load("a", I, T.F32), T.F32), T.F16), "(f16)-a[i]"),
        (Call("max", (X, Const(float("-inf"), T.F32)), T.F32), "max(x, -inf)"),
        (Unary("-", Const(-1, T.I32), T.I32), "-(-1)"),
        (Const(7, T.U64), "7ul"),
        (Let(X, None), "f32 x;"),
        (Alloc(BUFFER, (Const(1.0, T.F32),)), "const nram f32 a[i] /* float4 */ = {1.0f};"),
        (For(I, ZERO, ONE, ONE, (Break(),), "task"), "for (i32 i = 0; i < 1; ++i) [task] {\n    break;\n}"),
        (If(I, (Return(),), (Continue(),)), "if (i) {\n    return;\n} else {\n    continue;\n}"),
        (While(I, (Barrier("block"),)), "while (i) {\n    barrier.block();\n}"),
        (Intrinsic("f", (ADDR, I), ADDR), "a[i + 1...] = f(&a[i + 1], i);"),
        (Shuffle(X, "xor", X, ONE, 16, 32, Const(3, T.U32)), "x = shuffle.xor(x, 1, width=16/32, mask=3u);"),
        (Atomic("cas", "a", I, X, X, X), "x = atomic.cas(a[i], x, compare=x);"),
        (Store("a", I, X), "a[i] = x;"),
    ],
)
def test_show(node: Expr | Stmt, text: str) -> None:
    assert show(node) == text


def test_a_program_shows_its_kernels_and_its_launcher() -> None:
    kernel = Kernel("k", (BUFFER, I), (Store("a", I, X),))
    held = DeviceBuffer("d", T.F32, I, "a", copy_in=True, fill=0)
    launcher = Launcher("run", (BUFFER,), (held,), (Launch("k", (ADDR, I)),))
    assert show(Program("p", (kernel,), launcher, "a.x")) == dedent("""\
        // p program from a.x

        kernel k(const nram f32 a[i] /* float4 */, i32 i) {
            a[i] = x;
        }

        launcher run(const nram f32 a[i] /* float4 */) {
            device f32 d[i] /* mirrors a, copied in, filled with 0 */;
            launch k(&a[i + 1], i);
        }""")


def test_a_meaning_shows_its_body() -> None:
    text = show(Meaning("f", "", (I,), BUFFER, (Store("a", I, X),)))
    assert text == "intrinsic f(i32 i) -> const nram f32 a[i] /* float4 */ {\n    a[i] = x;\n}"


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (0.1, T.F32, "0.1"), (0.1, T.F64, "0.1"), (1.0, T.F32, "1.0"), (-0.0, T.F32, "-0.0"),
        (16777216.0, T.F32, "16777216.0"), (1e30, T.F32, "1e30"), (1e-45, T.F32, "1e-45"),
        (0.3333333432674408, T.F32, "0.33333334"), (1 / 3, T.F64, "0.3333333333333333"),
    ],
)
def test_digits_are_the_fewest_that_read_back(value: float, dtype: T, text: str) -> None:
    assert digits(value, dtype) == text
