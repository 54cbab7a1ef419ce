"""At once: loops of instructions as one, on a toy machine that reduces windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.interpret import run
from tests.passes.programs import load, loop, store, var
from tests.passes.test_bulk import MOVER, Copied
from tests.passes.test_vector_choices import calls
from xpiler import platforms
from xpiler.facts.offers import offers
from xpiler.facts.shapes import shapes
from xpiler.ir.nodes import Alloc, Buffer, Const, For, Kernel, Meaning, Stmt, Var
from xpiler.ir.types import DType
from xpiler.ir.walk import map_stmts, statements
from xpiler.passes.near.at_once import AtOnce
from xpiler.passes.bind import BindTasks
from xpiler.passes.near.bulk import InBulk
from xpiler.passes.near.moves import results_of
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.text.read import read
from xpiler.to_pivot import sequential

MEANINGS = toy.MEANINGS | {(m.name, m.key): m for m in toy.WINDOWS}
UNIT = replace(toy.COUNTED_UNIT, offers=offers((*toy.COUNTED, *toy.WINDOWS)))
ROOM = 1 << 18
STEP = AtOnce(UNIT.offers, shapes(toy.WINDOWS), MEANINGS, "copy", "pad", ROOM)
POOL = """
void k(const float* x, float* y) {
  for (int i = 0; i < 2; ++i) for (int j = 0; j < 3; ++j) for (int c = 0; c < 32; ++c) {
    float s = 0.0f;
    for (int k = 0; k < 2; ++k) for (int l = 0; l < 3; ++l) s += x[((2 * i + k) * 7 + 2 * j + l) * 32 + c];
    y[(i * 3 + j) * 32 + c] = s;
  }
}"""
LARGEST = POOL.replace("float s = 0.0f", "float s = -1.0f").replace("s += x[", "s = fmaxf(s, x[").replace("c];\n    y", "c]);\n    y")
SIZES = {"x": 4 * 7 * 32, "y": 2 * 3 * 32}


def staged(text: str) -> Kernel:
    c = platforms.get("c")
    pivot = sequential(read(text, c, "k.c"), c)[0].kernels[0]
    bound = BindTasks(tasks=2).apply(VectorLoops(UNIT, 64).apply(pivot))
    return InBulk(replace(MOVER, results=results_of(UNIT.offers)), ROOM).apply(bound)


def ran(k: Kernel, sizes: Mapping[str, int] = SIZES, known: Mapping[tuple[str, str], Meaning] = MEANINGS) -> np.ndarray:
    rng = np.random.default_rng(7)
    arrays = {name: rng.normal(size=n) for name, n in sizes.items()}
    run(k, arrays, meanings={**known} | {("copy", ""): Copied()}, IN=0, OUT=1, OVER=2)
    return arrays["y"]


@pytest.mark.parametrize(("text", "made"), [
    (POOL, ["psums"]),
    (POOL.replace("= s;", "= s * 0.25f;"), ["psums", "pscale"]),
    (POOL.replace("= s;", "= s * 0.25f * s;"), ["psums", "pscale", "pmul"]),
    (LARGEST, ["ptops", "pfloor"]),
    (LARGEST.replace("-1.0f", "-INFINITY").replace("void", "#include <math.h>\nvoid", 1), ["ptops"]),
], ids=["sums", "means", "squares", "largest", "largest of all"])
def test_a_row_of_windows_is_reduced_at_once(text: str, made: list[str]) -> None:
    before = staged(text)
    after = STEP.apply(before)
    assert [n for n in calls(after) if n != "copy"] == made
    assert all(s.kind == "task" for s in statements(after.body) if isinstance(s, For)), "a row a task"
    np.testing.assert_allclose(ran(after), ran(before), rtol=1e-6)


def test_arrays_of_an_iteration_become_arrays_of_the_row() -> None:
    """What a loop declares for one iteration holds the results of all of them."""
    def within(s: Stmt) -> Stmt:
        if isinstance(s, For) and s.var.name == "j":
            return replace(s, body=(*own, *s.body))
        return s

    before = staged(POOL.replace("= s;", "= s * 0.25f;"))
    own = [s for s in statements(before) if isinstance(s, Alloc) and s.buffer.name.startswith("acc")]
    inner = replace(before, body=map_stmts(map_stmts(before.body, lambda s: () if s in own else s), within))
    after = STEP.apply(inner)
    assert [n for n in calls(after) if n != "copy"] == ["psums", "pscale"]
    np.testing.assert_allclose(ran(after), ran(before), rtol=1e-6)


WEIGHED = """
void k(const float* x, const float* v, float* y) {
  for (int i = 0; i < 2; ++i) for (int j = 0; j < 6; ++j) for (int c = 0; c < 32; ++c) {
    float s = 0.0f;
    for (int l = 0; l < 3; ++l) s += x[((4 * i + j) + l) * 32 + c] * v[l * 32 + c];
    y[(i * 6 + j) * 32 + c] = s;
  }
}"""


def _cycled() -> Meaning:
    """dst = a * b, b again and again."""
    body = loop("i", var("n"), store("dst", var("i"), load("a", var("i")) * load("b", var("i") % var("m"))))
    arrays = tuple(Buffer(name, DType.F32, None) for name in ("dst", "a", "b"))
    return Meaning("pturns", "pturns", (*arrays, Var("n", DType.I32), Var("m", DType.I32)), None, (body,))


def test_terms_are_added_for_all_elements_at_once() -> None:
    """Where an instruction takes an array again and again; without one, loops stay as they are."""
    cycle = _cycled()
    step = replace(STEP, offers=(*UNIT.offers, *offers((cycle,))), meanings=MEANINGS | {(cycle.name, cycle.key): cycle})
    before = staged(WEIGHED)
    after = step.apply(before)
    assert [n for n in calls(after) if n != "copy"] == ["pfill", "pturns", "padd"]
    (terms,) = (s for s in statements(after) if isinstance(s, For) and s.kind == "serial")
    assert terms.stop == Const(3, DType.I32)
    sizes = {"x": 12 * 32, "v": 3 * 32, "y": 12 * 32}
    np.testing.assert_allclose(ran(after, sizes, step.meanings), ran(before, sizes), rtol=1e-6)
    assert STEP.apply(before) == before


@pytest.mark.parametrize("text", [
    POOL.replace("s += x[", "s += 0.5f * x["),  # it does more than add
    POOL.replace("s = 0", "s = 1").replace("s += x[", "s *= x["),
], ids=["weighed", "products"])
def test_loops_that_no_instruction_does_stay(text: str) -> None:
    before = staged(text)
    assert STEP.apply(before) == before


def test_loops_stay_where_an_array_for_all_results_has_no_room() -> None:
    before = staged(POOL.replace("= s;", "= s * 0.25f;"))
    held = sum(int(s.buffer.extent.value) * 4 for s in statements(before.body)
               if isinstance(s, Alloc) and isinstance(s.buffer.extent, Const))
    assert replace(STEP, room=held).apply(before) == before
