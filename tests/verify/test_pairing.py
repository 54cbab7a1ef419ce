"""Parameters correspond as said, by position, or by name; and a clash says what is left over."""

from __future__ import annotations

from xpiler.ir.nodes import Buffer, Var
from xpiler.ir.types import DType
from xpiler.verify.pairing import pair

X, Y, B = (Buffer(n, DType.F32, None) for n in ("x", "y", "bytes"))
B = Buffer("bytes", DType.U8, None)
N, M = Var("n", DType.I32), Var("m", DType.I32)
IN, OUT = Buffer("input", DType.F32, None), Buffer("output", DType.F32, None)


def test_by_position_where_the_types_fit() -> None:
    assert pair((X, Y, N), (IN, OUT, M)).names == {"x": "input", "y": "output", "n": "m"}
    assert pair((X, Y, N), (Y, X, N)).names == {"x": "y", "y": "x", "n": "n"}


def test_by_name_where_only_the_order_differs() -> None:
    assert pair((X, N, B), (B, X, N)).names == {"x": "x", "n": "n", "bytes": "bytes"}


def test_as_said_and_the_rest_by_name_and_position() -> None:
    assert pair((X, Y, N), (OUT, IN, N), {"x": "input", "y": "output"}).names == {"x": "input", "y": "output", "n": "n"}
    assert pair((X, Y, N), (OUT, IN, M), {"y": "output"}).names == {"x": "input", "y": "output", "n": "m"}
    assert pair((X, Y), (Y, X), {"x": "x"}).names == {"x": "x", "y": "y"}


def test_a_clash_says_what_is_left_over() -> None:
    told = pair((X, Y, N), (IN, N, M)).clash
    assert told.startswith("the entries differ: (f32* x, f32* y, i32 n) and (f32* input, i32 n, i32 m)")
    assert "left over: `x`, `y` of the first and `input`, `m` of the second" in told and "--map x=input" in told
    assert "left over: `bytes` of the second" in pair((X, N), (X, N, B)).clash


def test_a_map_that_cannot_be_is_a_clash() -> None:
    assert "no parameter `z`; it has x, n" in pair((X, N), (X, N), {"z": "x"}).clash
    assert "second entry has no parameter `q`" in pair((X, N), (X, N), {"x": "q"}).clash
    assert "`f32* x` cannot be `i32 n`" in pair((X, N), (X, N), {"x": "n"}).clash
    assert "cannot be one of the second" in pair((X, Y), (IN, OUT), {"x": "input", "y": "input"}).clash
