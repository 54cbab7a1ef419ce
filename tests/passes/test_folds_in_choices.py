"""Choices that no instruction makes, of what each lane has reduced for itself: the reductions are made in lanes."""

from __future__ import annotations

import pytest

from tests.passes.test_vector_choices import agree, both, calls, vectorized
from xpiler import platforms
from xpiler.ir.nodes import Const, For, Kernel, Load
from xpiler.ir.types import DType
from xpiler.ir.walk import statements, walk
from xpiler.text.read import read
from xpiler.to_pivot import sequential

FIRST = """void k(const float* x, float* y) {
  for (int c = 0; c < 40; ++c) {
    float most = x[c];
    int at = 0;
    for (int r = 1; r < 9; ++r) {
      if (x[r * 40 + c] > most) { most = x[r * 40 + c]; at = r; }
    }
    y[c] = at;
  }
}"""


@pytest.fixture(scope="module")
def given() -> Kernel:
    c = platforms.get("c")
    return sequential(read(FIRST, c, "k.c"), c, contracted=False)[0].kernels[0]


@both
def test_where_the_greatest_of_a_column_is(given: Kernel, unit: str) -> None:
    agree(given, vectorized(given, unit), {"x": 360, "y": 40})


def test_what_a_lane_reduces_is_reduced_in_lanes(given: Kernel) -> None:
    made = vectorized(given, "counted")
    every = [s for s in statements(made.body) if isinstance(s, For)]
    rows = [s for s in every if s.stop in (Const(9, DType.I32), Const(8, DType.I32))]
    assert rows and all("copy" in calls(Kernel("rows", made.params, (s,))) for s in rows)
    assert not [e for e in walk(made.body) if isinstance(e, Load) and e.buffer == "x"]  # nor does one come by itself
