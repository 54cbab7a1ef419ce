"""What is read stays while the loop runs that it does not depend on."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.interpret import run
from tests.passes.test_bulk import Copied
from xpiler import platforms
from xpiler.ir.nodes import Const, For, Kernel
from xpiler.ir.walk import statements
from xpiler.passes.bind import BindTasks
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.text.read import read
from xpiler.to_pivot import sequential



def products(rows: int = 20, groups: int = 12, depth: int = 40) -> str:
    """Rows times the matrix of their group."""
    return f"""
void k(const float* x, const float* m, float* y) {{
  for (int r = 0; r < {rows}; ++r) for (int g = 0; g < {groups}; ++g) for (int c = 0; c < 128; ++c) {{
    float s = 0.0f;
    for (int j = 0; j < {depth}; ++j) s += x[(r * {groups} + g) * {depth} + j] * m[(g * {depth} + j) * 128 + c];
    y[(r * {groups} + g) * 128 + c] = s;
  }}
}}"""


TEXT = products()


def vectors(text: str) -> tuple[Kernel, Kernel]:
    c = platforms.get("c")
    pivot = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    return pivot, VectorLoops(toy.COUNTED_UNIT, 128).apply(pivot)


def extents(k: Kernel) -> list[object]:
    return [s.stop.value for s in statements(k) if isinstance(s, For) and isinstance(s.stop, Const)]


@pytest.mark.parametrize(("text", "outer"), [
    (TEXT, [12, 20, 40]),
    (TEXT.replace("(g * 40 + j)", "((r + g) * 40 + j)"), [20, 12, 40]),  # all matrices differ
    (TEXT.replace("(g * 40 + j) * 128", "j * 128"), [240, 40]),  # one for all
    (products(depth=20), [20, 12, 20]),  # little
    (TEXT.replace("= s;", "= s + y[(r * 12 + g) * 128 + c];"), [20, 12, 40]),  # what it writes to
])
def test_the_loop_that_most_outlasts_is_inside(text: str, outer: list[int]) -> None:
    assert extents(vectors(text)[1])[:3] == outer


def test_every_element_is_what_it_was() -> None:
    pivot, made = vectors(products(2, 3))
    assert extents(made)[:2] == [3, 2]

    def ran(k: Kernel) -> np.ndarray:
        rng = np.random.default_rng(3)
        arrays = {"x": rng.normal(size=240), "m": rng.normal(size=3 * 40 * 128), "y": np.zeros(2 * 3 * 128)}
        run(k, arrays, meanings=toy.MEANINGS | {("copy", ""): Copied()}, IN=0, OUT=1, OVER=2)
        return arrays["y"]

    np.testing.assert_allclose(ran(made), ran(pivot), rtol=1e-9)


def test_tasks_take_what_outlasts_the_rows() -> None:
    """Twelve of sixteen tasks work, and each has its matrix once; where all differs, all work."""
    assert extents(BindTasks().apply(vectors(TEXT)[1]))[:2] == [12, 20]
    assert extents(BindTasks().apply(vectors(TEXT.replace("(g * 40 + j)", "((r + g) * 40 + j)"))[1]))[0] == 16
