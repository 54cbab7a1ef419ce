"""Outputs that read each other's initial content: one after another where the later is made of what the earlier leaves."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.interpret import run
from xpiler import platforms
from xpiler.ir.nodes import For, Kernel
from xpiler.ir.walk import statements
from xpiler.passes.contract import Contract
from xpiler.passes.step import NotApplicable
from xpiler.text.read import read
from xpiler.to_pivot import sequential

NORM = """void k(float* x, float* r, float* w) {
  for (int t = 0; t < 3; ++t) {
    float s = 0.0f;
    for (int i = 0; i < 8; ++i) { float z = x[t * 8 + i] + r[t * 8 + i]; s += z * z; r[t * 8 + i] = z; }
    for (int i = 0; i < 8; ++i) x[t * 8 + i] = r[t * 8 + i] * s * w[i];
  }
}"""
HALVES = """void k(float* x, float* r, float* w) {
  for (int t = 0; t < 3; ++t) for (int i = 0; i < 4; ++i) {
    float a = x[t * 8 + i], b = x[t * 8 + 4 + i];
    x[t * 8 + i] = a * w[i] - b * w[4 + i];
    x[t * 8 + 4 + i] = b * w[i] + a * w[4 + i];
  }
}"""
CROSSED = """void k(float* x, float* r, float* w) {
  for (int t = 0; t < 3; ++t) {
    float s = 0.0f, u = 0.0f;
    for (int i = 0; i < 8; ++i) { s += x[t * 8 + i]; u += r[t * 8 + i]; }
    for (int i = 0; i < 8; ++i) { x[t * 8 + i] = u * w[i]; r[t * 8 + i] = s * w[i]; }
  }
}"""


def recovered(text: str) -> Kernel:
    c = platforms.get("c")
    return sequential(read(text, c, "k.c"), c, contracted=False)[0].kernels[0]


@pytest.mark.parametrize("text", [NORM, HALVES], ids=["norm", "halves"])
def test_what_is_left_is_read(text: str) -> None:
    given = recovered(text)
    made = Contract().apply(given)
    got = []
    for k in (given, made):
        rng = np.random.default_rng(1)
        arrays = {"x": rng.standard_normal(24), "r": rng.standard_normal(24), "w": rng.standard_normal(8)}
        run(k, arrays)
        got.append(arrays)
    for name in ("x", "r"):
        np.testing.assert_allclose(got[1][name], got[0][name], rtol=1e-12)


def test_each_is_a_nest() -> None:
    made = Contract().apply(recovered(NORM))
    assert sum(isinstance(s, For) for s in made.body) == 2 and any(isinstance(s, For) for s in statements(made))


def test_not_where_both_need_what_was_there() -> None:
    with pytest.raises(NotApplicable):
        Contract().apply(recovered(CROSSED))
