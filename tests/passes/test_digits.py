"""Loops whose variables are taken apart again are loops of the digits, and every element is what it was."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.test_down import results
from xpiler import platforms
from xpiler.ir.nodes import Binary, Const, For, Kernel
from xpiler.ir.walk import statements, walk
from xpiler.passes.names.digits import Digits
from xpiler.text.read import read

C = platforms.get("c")


def _loops(kernel: Kernel) -> list[object]:
    return [s.stop.value for s in statements(kernel) if isinstance(s, For) and isinstance(s.stop, Const)]


@pytest.mark.parametrize(("body", "loops"), [
    ("for (int j = 0; j < 64; ++j) y[j] = x[(j / 4 * 8 + j / 2 % 2) * 8 + j % 2];", [16, 2, 2]),
    ("for (int j = 0; j < 63; ++j) y[j] = x[j % 3];", [21, 3]),
    ("for (int j = 0; j < 64; ++j) y[j] = x[j % 3];", [64]),  # the last three are not whole
    ("for (int j = 0; j < 60; ++j) y[j] = x[j / 4 + j % 6];", [60]),  # digits that overlap
    ("for (int j = 0; j < 64; ++j) y[j] = x[j];", [64]),
    ("for (int j = 0; j < 24; ++j) for (int i = 0; i < j % 4; ++i) y[j] += x[j / 4 * 3 + i];", [6, 4]),
    ("for (int j = 0; j < 24; ++j) { if (j % 4 == n) break; y[j] = x[j]; }", [24]),
])
def test_loops_of_digits(body: str, loops: list[int]) -> None:
    kernel = read(f"void k(const float* x, float* y, int n) {{ {body} }}", C, "k.c").kernels[0]
    made = Digits().apply(kernel)
    assert _loops(made) == loops
    if len(loops) > 1:
        assert not any(isinstance(e, Binary) and e.op in "/%" for e in walk(made))
        sizes = {"x": 2048, "y": 64}
        np.testing.assert_array_equal(results(made, sizes, {"n": 3})["y"], results(kernel, sizes, {"n": 3})["y"])
