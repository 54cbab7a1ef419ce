"""Indices into rows of rows are written row by row, and are the same numbers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from xpiler import platforms
from xpiler.facts.polynomial import Poly, polynomial
from xpiler.ir.nodes import Kernel, Load, Store
from xpiler.ir.walk import walk
from xpiler.passes.names.radix import MixedRadix
from xpiler.text.read import read
from xpiler.text.write import write

C = platforms.get("c")


def _written(head: str, index: str) -> str:
    """The index as it is written after the pass, in the loops of `head`."""
    text = f"void k(const float* x, float* y, int h, int w) {{ {head} y[0] = x[{index}]; }}"
    program = read(text, C, "k.c")
    kernel = program.kernels[0]
    after = MixedRadix().apply(kernel)
    assert _places(after) == _places(kernel)
    out = write(replace(program, kernels=(after,)), C)
    return re.findall(r"x\[(.*)\];", out)[-1]


def _places(kernel: Kernel) -> list[Poly]:
    return [polynomial(x.index, {}) for x in walk(kernel) if isinstance(x, Load | Store)]


LOOPS = "for (int b = 0; b < 4; ++b) for (int r = 0; r < 3; ++r) for (int k = 0; k < 3; ++k) for (int c = 0; c < 64; ++c)"
PLACES = [
    (LOOPS, "b * 4096 + r * 1024 + k * 512 + c", "(b * 8 + r * 2 + k) * 512 + c"),
    (LOOPS, "b * 4096 + r * 128 + k * 64 + c", "(b * 64 + r * 2 + k) * 64 + c"),
    (LOOPS, "b * 4096 + r * 128 + k * 64 + c + 960", "(b * 64 + r * 2 + k + 15) * 64 + c"),
    (LOOPS, "b * 4096 + r * 512 + k * 64 + c - 520", "(b * 8 + r - 1) * 512 + k * 64 + c - 8"),
    (LOOPS, "b * 24 + r * 8 + k * 4", "(b * 6 + r * 2 + k) * 4"),
    (LOOPS, "b * 64 + c", "b * 64 + c"),
    (LOOPS, "b * 32 + r * 16 + c", "b * 32 + r * 16 + c"),  # c passes the end of what a row would be
    (LOOPS, "b * h * w + r * w + c", "(b * h + r) * w + c"),
    (LOOPS, "b * h * w * 3 + r * w * 3 + c * 3 + k", "((b * h + r) * w + c) * 3 + k"),
    ("for (int p = 0; p < 36; ++p)", "p / 9 * 4096 + p / 3 % 3 * 512 + p % 3 * 64", "(p / 9 * 8 + p / 3 % 3) * 512 + p % 3 * 64"),
    ("int c = h; c += w; for (int b = 0; b < 4; ++b)", "b * 128 + b * 64 + c * 8 + c", "b * 128 + b * 64 + c * 8 + c"),
    ("for (int c = 0; c < h; ++c) for (int b = 0; b < 4; ++b)", "b * 128 + c * 64 + c % 7", "(b * 2 + c) * 64 + c % 7"),
]


@pytest.mark.parametrize(("head", "index", "expected"), PLACES)
def test_places(head: str, index: str, expected: str) -> None:
    assert _written(head, index) == expected
