"""Register blocks: reductions for several outputs at once, against the interpreter, and back to what they compute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.passes import toy
from tests.passes.test_down import results
from xpiler import platforms
from xpiler.ir.check import check
from xpiler.ir.nodes import Addr, Alloc, Const, For, Intrinsic, Kernel, Program
from xpiler.ir.show import show
from xpiler.ir.walk import statements
from xpiler.passes.detensorize import Detensorize
from xpiler.passes.lanes.register_blocks import blocked
from xpiler.passes.step import NotApplicable
from xpiler.passes.lanes.vectors import VectorLoops
from xpiler.platforms.platform import Registers
from xpiler.text.read import read
from xpiler.to_pivot import sequential

C = platforms.get("c")
ZMM = Registers(count=32, latency=4, units=2)
PRODUCT = """
void k(const float x[768], const float y[384], float z[ROWS * COLUMNS]) {
  for (int i = 0; i < ROWS; ++i)
    for (int j = 0; j < COLUMNS; ++j) {
      float s = 0.0f;
      for (int l = 0; l < 12; ++l) s += x[i * 12 + l] * y[l * COLUMNS + j];
      z[i * COLUMNS + j] = s;
    }
}"""
WINDOWS = """
void k(const float x[768], const float y[384], float z[96]) {
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 16; ++j) {
      float s = 0.0f;
      for (int l = 0; l < 5; ++l) s += x[(i + l) * 16 + j];
      z[i * 16 + j] = s;
    }
}"""
FILTER = """
void k(const float x[768], const float y[384], float z[448]) {
  for (int i = 0; i < 14; ++i)
    for (int j = 0; j < 32; ++j) {
      float s = 0.0f;
      for (int l = 0; l < 5; ++l) s += x[(i + l) * 32 + j] * y[l * 32 + j];
      z[i * 32 + j] = s;
    }
}"""
ROWS = """
void k(const float x[768], const float y[384], float z[COUNT]) {
  for (int i = 0; i < COUNT; ++i) {
    float s = 0.0f;
    for (int l = 0; l < 16; ++l) s += x[i * 16 + l] * y[l];
    z[i] = s;
  }
}"""
SIZES = """
void k(const float x[768], const float y[384], float z[128], int m, int n) {
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      float s = 0.0f;
      for (int l = 0; l < 12; ++l) s += x[i * 12 + l] * y[l * n + j];
      z[i * n + j] = s;
    }
}"""
LARGEST = """
void k(const float x[768], const float y[384], float z[128]) {
  for (int i = 0; i < 8; ++i) {
    float top = x[i * 16];
    for (int l = 0; l < 16; ++l) top = top < x[i * 16 + l] ? x[i * 16 + l] : top;
    for (int l = 0; l < 16; ++l) z[i * 16 + l] = x[i * 16 + l] - top;
  }
}"""


def vectors(text: str, **sizes: int) -> tuple[Kernel, Kernel]:
    """The closed form of a text, and this on the toy's registers."""
    for name, value in sizes.items():
        text = text.replace(name, str(value))
    plain = sequential(read(text, C, "k.c"), C)[0].kernels[0]
    return plain, VectorLoops(toy.REGISTER_UNIT).apply(plain)


def sums(kernel: Kernel) -> list[int]:
    """The registers of each array of them that a call adds to."""
    called = {s.result.buffer for s in statements(kernel)
              if isinstance(s, Intrinsic) and isinstance(s.result, Addr) and s.name == "vadd" and s.result in s.args}
    return [int(s.buffer.extent.value) // toy.WIDTH for s in statements(kernel)
            if isinstance(s, Alloc) and isinstance(s.buffer.extent, Const) and s.buffer.name in called]


CASES: dict[str, tuple[str, dict[str, int], list[int]]] = {
    "rows and columns": (PRODUCT, {"ROWS": 16, "COLUMNS": 32}, [16]),
    "fewer rows": (PRODUCT, {"ROWS": 2, "COLUMNS": 32}, [16]),
    "columns that end in the middle": (PRODUCT, {"ROWS": 12, "COLUMNS": 18}, [16]),
    "one row": (PRODUCT, {"ROWS": 1, "COLUMNS": 32}, [8]),
    "rows that share a filter, and columns": (FILTER, {}, [14]),
    "rows of sums": (ROWS, {"COUNT": 24}, [8]),
    "rows that are left": (ROWS, {"COUNT": 11}, [4, 1]),
    "sizes at run time": (SIZES, {}, [4, 1]),
}


@pytest.mark.parametrize("case", CASES)
def test_blocks_compute_the_same(case: str) -> None:
    text, named, held = CASES[case]
    plain, single = vectors(text, **named)
    block = blocked(single, ZMM)
    check(Program("c", (block,), None))
    assert sums(block) == held, show(block)
    size = {"x": 768, "y": 384, "z": int(plain.params[2].extent.value)}  # type: ignore[union-attr]
    scalars = {"m": 5, "n": 23} if text is SIZES else {}
    want, got = (results(k, size, scalars) for k in (plain, Detensorize(toy.MEANINGS).apply(block)))
    np.testing.assert_allclose(got["z"], want["z"], rtol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_what_a_block_computes_is_seen(case: str) -> None:
    text, named, _ = CASES[case]
    plain, single = vectors(text, **named)
    program = replace(Program("c", (blocked(single, ZMM),), None), meanings=tuple(toy.MEANINGS.values()))
    again, steps = sequential(program, C)
    assert not [s for s in steps if s.startswith("--")]
    loops = [[s.stop for s in statements(k) if isinstance(s, For)] for k in (plain, again.kernels[0])]
    assert loops[0] == loops[1], show(again.kernels[0])


def test_a_block_is_no_larger_than_registers_hold() -> None:
    _, single = vectors(PRODUCT, ROWS=16, COLUMNS=32)
    assert sums(blocked(single, replace(ZMM, count=16))) == [8]
    with pytest.raises(NotApplicable, match="no reduction"):
        blocked(single, replace(ZMM, count=4))


@pytest.mark.parametrize("text", [LARGEST, WINDOWS])
def test_sums_that_share_nothing_are_no_block(text: str) -> None:
    with pytest.raises(NotApplicable, match="no reduction"):
        blocked(vectors(text)[1], ZMM)
