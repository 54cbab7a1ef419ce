"""Panels: what is converted for every row of blocks is converted once, against the interpreter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.passes.test_down import results
from xpiler import platforms
from xpiler.ir.check import check
from xpiler.ir.nodes import Buffer, For, Intrinsic, Kernel, Program
from xpiler.ir.show import show
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes import panels
from xpiler.passes.lanes.panels import in_panels
from xpiler.passes.lanes.register_blocks import blocked
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.text.library import library
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.to_target import vector_unit

C, VNNI = platforms.get("c"), platforms.get("vnni")
PRODUCT = """
void k(const float x[ROWS * 6], const _Float16 y[6 * COLUMNS], float z[ROWS * COLUMNS]) {
  for (int i = 0; i < ROWS; ++i)
    for (int j = 0; j < COLUMNS; ++j) {
      float s = 0.0f;
      for (int l = 0; l < 6; ++l) s += x[i * 6 + l] * (float)y[l * COLUMNS + j];
      z[i * COLUMNS + j] = s;
    }
}"""


def _blocks(text: str, rows: int, columns: int) -> tuple[Kernel, Kernel]:
    text = text.replace("ROWS", str(rows)).replace("COLUMNS", str(columns))
    plain = sequential(read(text, C, "k.c"), C)[0].kernels[0]
    assert VNNI.registers is not None
    return plain, blocked(VectorLoops(vector_unit(VNNI)).apply(plain), VNNI.registers)


def _runs(kernel: Kernel, name: str) -> int:
    """How often a call runs."""
    def count(body: tuple, times: int) -> int:  # type: ignore[type-arg]
        return sum(times * (s.name == name) if isinstance(s, Intrinsic) else
                   count(s.body, times * int(s.stop.value)) if isinstance(s, For) else 0 for s in body)
    return count(kernel.body, 1)


def test_a_panel_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "SHARED", 1)
    plain, blocks = _blocks(PRODUCT, 64, 64)
    made = in_panels(blocks, vector_unit(VNNI))
    check(Program("vnni", (made,), None))
    assert _runs(blocks, "_mm512_cvtph_ps") >= 8 * 6 * 4, show(blocks)
    assert _runs(made, "_mm512_cvtph_ps") == 6 * 4, show(made)
    plain_again = Detensorize({(m.name, m.key): m for m in library(VNNI)}).apply
    size = {"x": 64 * 6, "y": 6 * 64, "z": 64 * 64}
    want, got = (results(plain_again(k), size, {}) for k in (blocks, made))
    np.testing.assert_array_equal(got["z"], want["z"])
    near = results(plain, size, {})  # whose halves are not rounded
    np.testing.assert_allclose(got["z"], near["z"], atol=1e-2)


@pytest.mark.parametrize(("text", "rows", "columns"), [
    (PRODUCT, 16, 512), (PRODUCT, 64, 128), (PRODUCT.replace("_Float16", "float"), 64, 512)])
def test_no_panel_for_few_rows_few_panels_or_where_nothing_is_converted(text: str, rows: int, columns: int) -> None:
    _, blocks = _blocks(text, rows, columns)
    assert in_panels(blocks, vector_unit(VNNI)) == blocks


def test_no_panel_of_what_may_change() -> None:
    _, blocks = _blocks(PRODUCT, 64, 512)
    params = tuple(replace(p, const=False) if isinstance(p, Buffer) else p for p in blocks.params)
    changing = replace(blocks, params=params)
    assert in_panels(changing, vector_unit(VNNI)) == changing
