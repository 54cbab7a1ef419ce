"""Elements evenly apart, in lanes: where a machine copies such in one go, it does; what computes on them is vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.passes.programs import F, I, loop, load, store, var
from tests.passes.test_down import results
from tests.passes.test_vector_choices import MEANINGS, calls, vectorized
from xpiler import platforms
from xpiler.ir.nodes import Buffer, Intrinsic, Kernel, Load, Meaning, Stmt, Var
from xpiler.ir.walk import map_stmts, walk
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.step import NotApplicable
from xpiler.text.read import read
from xpiler.to_pivot import sequential

APART = """void k(const float* x, float* y) {
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 40; ++c) y[r * 40 + c] = %s;
}"""
_each, _from = var("i") * (var("pitch") // 4), var("i") * (var("step") // 4)
SPACED = Meaning(
    "spaced", "", (Buffer("to", F, None), Buffer("source", F, None), *(
        Var(n, I) for n in ("bytes", "way", "pitch", "step", "more"))), None,
    (loop("i", var("more") + 1, store("to", _each, load("source", _from))),))


def kernel(value: str) -> Kernel:
    c = platforms.get("c")
    return sequential(read(APART % value, c, "k.c"), c, contracted=False)[0].kernels[0]


def run(k: Kernel, sizes: dict[str, int]) -> np.ndarray:
    def told(s: Stmt) -> Stmt:
        return replace(s, name="spaced") if isinstance(s, Intrinsic) and len(s.args) == 7 else s

    plain = Detensorize({**MEANINGS, ("spaced", ""): SPACED}).apply(replace(k, body=map_stmts(k.body, told)))
    return np.asarray(results(plain, sizes, {})["y"])


@pytest.mark.parametrize("value", ["x[r * 90 + 2 * c + 1]", "x[r + 3 * c] * 2.0f + x[r * 40 + c]", "x[c * 3 + r]"])
def test_one_copy_brings_in_what_is_evenly_apart(value: str) -> None:
    given = kernel(value)
    made = vectorized(given, "counted", 16)
    assert "copy" in calls(made) and not [e for e in walk(made.body) if isinstance(e, Load) and e.buffer == "x"]
    sizes = {"x": 270, "y": 120}
    np.testing.assert_array_equal(run(made, sizes), run(given, sizes))


@pytest.mark.parametrize("value", ["x[r + 2 * (39 - c)]", "x[c * c + r]"])
def test_not_what_comes_backwards_or_at_no_fixed_distance(value: str) -> None:
    with pytest.raises(NotApplicable):
        vectorized(kernel(value), "counted", 16)


def test_nor_into_registers() -> None:
    with pytest.raises(NotApplicable):
        vectorized(kernel("x[r * 90 + 2 * c + 1]"), "registers")
