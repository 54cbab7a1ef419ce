"""Loops over blocks count elements, and every access is where it was."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.test_down import results
from xpiler import platforms
from xpiler.facts.polynomial import I32
from xpiler.ir.nodes import Const, For, Intrinsic, Kernel
from xpiler.ir.show import show
from xpiler.ir.walk import map_stmts, statements
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.passes.names.blocks import Blocks
from xpiler.passes.names.radix import MixedRadix
from xpiler.text.read import read
from xpiler.text.write import write
from xpiler.to_pivot import sequential

C = platforms.get("c")


def _of(body: str, unrolled: str = "") -> Kernel:
    """A kernel, its loops of these names unrolled."""
    kernel = read(f"void k(const float* x, float* y, int n) {{ {body} }}", C, "k.c").kernels[0]
    return replace(kernel, body=map_stmts(kernel.body, lambda s: replace(
        s, kind="unroll") if isinstance(s, For) and s.var.name in unrolled.split() else s))


def _loops(kernel: Kernel) -> list[str]:
    """How loops begin as they are written."""
    program = read("void k(const float* x, float* y, int n) { y[0] = 0.0f; }", C, "k.c")
    return re.findall(r"for \((.*)\) {", write(replace(program, kernels=(kernel,)), C))


ROWS = "for (int b = 0; b < 8; ++b) for (int r = 0; r < 4; ++r) for (int k = 0; k < 32; ++k) "


@pytest.mark.parametrize(("body", "unrolled", "begins"), [
    (ROWS + "y[(b * 4 + r) * 32 + k] = x[k];", "r", "int b = 0; b < 32; b += 4"),
    (ROWS + "y[(b * 4 + r) * 32 + k] = x[k];", "", "int b = 0; b < 8; ++b"),  # its rows are no block
    (ROWS + "y[(b * 4 + r) * 32 + k] = x[b * 6 + r];", "r", "int b = 0; b < 8; ++b"),  # blocks of 4 or 6
    (ROWS + "y[(b * 4 + r) * 32 + k] = x[b * 8 + r];", "r", "int b = 0; b < 8; ++b"),  # half a block stands there
    (ROWS + "y[(b * 4 + r) * 32 + k] = b;", "r", "int b = 0; b < 8; ++b"),  # it is a number, too
    (ROWS + "if (b * 4 + r < n) y[(b * 4 + r) * 32 + k] = x[k];", "r", "int b = 0; b < 32; b += 4"),
    (ROWS + "if (b < n) y[(b * 4 + r) * 32 + k] = x[k];", "r", "int b = 0; b < 8; ++b"),
])
def test_what_a_block_is(body: str, unrolled: str, begins: str) -> None:
    kernel = _of(body, unrolled)
    made = MixedRadix().apply(Blocks(128).apply(kernel))
    assert begins in _loops(made)
    sizes, n = {"x": 1024, "y": 1024}, {"n": 19}
    np.testing.assert_array_equal(results(made, sizes, n)["y"], results(kernel, sizes, n)["y"])


@pytest.mark.parametrize("n", [64, 61, 3])
def test_vectors_of_a_run_time_length(n: int) -> None:
    kernel = _of("for (int i = 0; i < n; ++i) y[i] = x[i] + 1.0f;")
    vectors = VectorLoops(toy.REGISTER_UNIT).apply(kernel)
    made = Blocks(128).apply(vectors)
    (loop,) = (s for s in statements(made) if isinstance(s, For) and s.step == Const(4, I32))
    assert show(loop.stop) == "n / 4 * 4"
    plain = Detensorize(toy.MEANINGS).apply(made)
    sizes = {"x": 64, "y": 64}
    np.testing.assert_array_equal(results(plain, sizes, {"n": n})["y"], results(kernel, sizes, {"n": n})["y"])


@pytest.mark.parametrize("left", [0, 2])
def test_vectors_behind_each_other_are_one_block(left: int) -> None:
    n = 64 + left
    plain = read(f"""void k(const float x[{4 * n}], float y[4]) {{
      for (int i = 0; i < 4; ++i) {{ float s = 0.0f; for (int j = 0; j < {n}; ++j) s += x[i * {n} + j]; y[i] = s; }}
    }}""", C, "k.c")
    kernel = VectorLoops(toy.REGISTER_UNIT).apply(sequential(plain, C)[0].kernels[0])
    assert sum(s.name == "vadd" for s in statements(kernel) if isinstance(s, Intrinsic)) == 4 + 3, show(kernel)
    blocks = Blocks(toy.WIDTH * 32).apply(kernel)
    inner = next(s for s in statements(blocks) if isinstance(s, For) and s.kind == "serial")
    assert (inner.stop, inner.step) == (Const(64, I32), Const(4 * toy.WIDTH, I32)), show(blocks)
    size = {"x": 4 * n, "y": 4}
    want, got = (results(k, size, {}) for k in (plain.kernels[0], Detensorize(toy.MEANINGS).apply(blocks)))
    np.testing.assert_allclose(got["y"], want["y"], rtol=1e-9)
