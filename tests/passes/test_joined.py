"""Joined: sums that differ in what keeps their terms are written as one loop."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.test_down import results
from xpiler import platforms
from xpiler.ir.nodes import For, Intrinsic, Kernel
from xpiler.ir.walk import statements
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.text.read import read
from xpiler.to_pivot import sequential

TEXT = """
void k(const float* x, const float* a, const float* b, float* y) {
  for (int i = 0; i < 5; ++i) for (int c = 0; c < 32; ++c) {
    float s = 0.0f;
    for (int l = 0; l < 3; ++l)
      for (int p = 0; p < 4; ++p) {
        float w = a[i * 12 + l * 4 + p] * b[l];
        int q = (int)w;
        s += (q == 0 ? w * x[(l * 4 + p) * 32 + c] : 0.0f) + (q == 1 ? (w - q) * x[(l * 4 + p) * 32 + c + 384] : 0.0f);
      }
    y[i * 32 + c] = s;
  }
}"""
SIZES = {"x": 768, "a": 60, "b": 3, "y": 160}


def lowered() -> Kernel:
    c = platforms.get("c")
    return sequential(read(TEXT, c, "k.c"), c)[0].kernels[0]


@pytest.mark.parametrize("to", ["pivot", "vectors"])
def test_loops_of_several_conditions_stay_loops(to: str) -> None:
    made = lowered()
    if to == "vectors":
        vectors = VectorLoops(toy.COUNTED_UNIT, 32).apply(made)
        assert sum(s.name == "copy" for s in statements(vectors) if isinstance(s, Intrinsic)) == 3
        made = Detensorize(toy.MEANINGS).apply(vectors)
    assert {3, 4} <= {getattr(s.stop, "value", 0) for s in statements(made) if isinstance(s, For)}
    c = platforms.get("c")
    plain = read(TEXT, c, "k.c").kernels[0]
    want, got = results(plain, SIZES, {}), results(made, SIZES, {})
    np.testing.assert_allclose(got["y"], want["y"], rtol=1e-9)
