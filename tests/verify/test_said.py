"""Sizes as a person says them."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.text.read import read
from xpiler.verify.signature import given_sizes, signature

C = platforms.get("c")
PROGRAM = read("void f(const int* at, const float* x, float* y, int rows, int cols, float s) {"
               " for (int r = 0; r < rows; r++) y[r] = s * x[at[r] * cols]; }", C, "f.c")


@pytest.mark.parametrize(("said", "elements"), [
    (40, 40), ("rows*cols", 35), ("rows * ((cols + 1) // 2) - 1", 20), ("(rows + 3) / 4 * 4 + cols % 4", 9),
])
def test_a_size_may_be_an_expression_in_the_scalars(said: int | str, elements: int) -> None:
    sized = given_sizes(PROGRAM, {"at": "rows", "x": said, "y": "rows"})
    assert signature(sized).sizes({"rows": 7, "cols": 5, "s": 1.0})["x"] == elements


@pytest.mark.parametrize(("said", "why"), [
    ("rows*columns", "there is no scalar `columns`"), ("s", "there is no scalar `s`"), ("rows*", "invalid syntax"),
    ("max(rows, 4)", "`max(rows, 4)` is no size"),
])
def test_another_size_is_a_fault(said: str, why: str) -> None:
    with pytest.raises(Fault) as caught:
        given_sizes(PROGRAM, {"x": said})
    assert caught.value.code == "XP3004" and why in caught.value.why and "rows and cols" in caught.value.try_


def test_what_is_not_known_is_told_at_once() -> None:
    with pytest.raises(Fault, match="the size of `at` and `x` and `y` is not known") as caught:
        signature(PROGRAM).sizes({"rows": 7, "cols": 5, "s": 1.0})
    assert caught.value.try_.startswith(
        "--size at=ELEMENTS --size x=ELEMENTS --size y=ELEMENTS (a number, or an expression in rows and cols)")
