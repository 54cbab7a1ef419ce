"""Rows in whole steps and what is left of them: where the rest begins is known however the loop over the steps ends."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.interpret import run
from xpiler import platforms
from xpiler.facts import sym
from xpiler.ir.types import DType
from xpiler.passes.contract import Contract
from xpiler.text.read import read
from xpiler.to_pivot import sequential

TEXT = """void k(const float* x, float* y, int rows, int cols) {
  for (int r = 0; r < rows; ++r) {
    int c;
    for (c = 0; %s; c += 4)
      for (int i = 0; i < 4; ++i) y[r * cols + c + i] = x[r * cols + c + i] * 2.0f;
    for (; c < cols; ++c) y[r * cols + c] = x[r * cols + c] * x[c];
  }
}"""


@pytest.mark.parametrize("goes_on", ["c <= cols - 4", "c + 4 <= cols", "c + 3 < cols"])
def test_the_rest_of_a_row_is_in_no_other_row(goes_on: str) -> None:
    c = platforms.get("c")
    given = sequential(read(TEXT % goes_on, c, "k.c"), c, contracted=False)[0].kernels[0]
    made = Contract().apply(given)
    for cols in (1, 4, 7, 11):
        got = []
        for k in (given, made):
            y = np.zeros(3 * cols)
            run(k, {"x": np.arange(1.0, 3 * cols + 1), "y": y}, rows=3, cols=cols)
            got.append(y)
        np.testing.assert_array_equal(got[1], got[0])


def test_whole_steps() -> None:
    n = sym.var("n")
    steps = sym.scale(sym.div(n, sym.integer(16)), 16)
    said = sym.select(sym.compare("<", sym.integer(15), n), steps, sym.ZERO)
    assert said is sym.scale(sym.call("max", (sym.div(n, sym.integer(16)), sym.ZERO), DType.I32), 16)
    for at in (0, 15, 16, 40):
        assert sym.substitute(said, {n: sym.integer(at)}) is sym.integer(max(at // 16, 0) * 16)
    other = sym.select(sym.compare("<", sym.integer(14), n), steps, sym.ZERO)
    assert other.op == "sel"
