"""What a reduction and its output both compute is computed once, and kept in the output until that is finished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.passes.test_vector_choices import agree, vectorized
from xpiler import platforms
from xpiler.ir.nodes import Buffer, Call, Const, Kernel
from xpiler.ir.types import DType
from xpiler.ir.walk import walk
from xpiler.text.read import read
from xpiler.to_pivot import sequential

SIZES = {"x": 60, "y": 60}
ROWS = """void rows(const float* x, float* y) {
  for (int i = 0; i < 6; ++i) {
    float top = -INFINITY, total = 0.0f;
    for (int j = 0; j < 10; ++j) top = fmaxf(top, x[i * 10 + j]);
    for (int j = 0; j < 10; ++j) total += %s;
    for (int j = 0; j < 10; ++j) y[i * 10 + j] = %s;
  }
}"""
POWER = "expf(x[i * 10 + j] - top)"


def kernel(summed: str, written: str) -> Kernel:
    c = platforms.get("c")
    k = sequential(read(ROWS % (summed, written), c, "k.c"), c, contracted=False)[0].kernels[0]
    return replace(k, params=tuple(replace(p, extent=Const(60, DType.I32)) for p in k.params if isinstance(p, Buffer)))


@pytest.mark.parametrize(("summed", "written", "once"), [
    (POWER, f"{POWER} / total", True),
    (f"2.0f * {POWER}", f"x[i * 10 + j] - {POWER} / total", True),
    (POWER, f"{POWER} / total + y[i * 10 + j]", False),  # what it holds is wanted
    (POWER, f"(x[i * 10 + j] < 0.0f ? {POWER} / total : 0.0f)", False),  # not in every iteration
    (POWER.replace("top", "1.0f"), f"{POWER} / total", False),  # another function
])
def test_it_is_kept_where_every_iteration_computes_it(summed: str, written: str, once: bool) -> None:
    given = kernel(summed, written)
    made = vectorized(given, "registers")
    assert (sum(isinstance(e, Call) and e.name == "exp" for e in walk(made.body)) == 2) == once  # lanes and last lanes
    agree(given, made, SIZES)
