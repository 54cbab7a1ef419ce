"""Sums of whole numbers over the lanes of a warp, of a length that only a run knows: one loop, as sums of floats are."""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.interpret import run
from xpiler import platforms
from xpiler.ir.nodes import For
from xpiler.ir.walk import statements
from xpiler.text.read import read
from xpiler.to_pivot import sequential

TEXT = """__global__ void dot(const int* a, const int* b, int* y, int rows, int n) {
  int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x %% 32, acc = 0;
  if (row >= rows) return;
  for (int k = lane; k < n; k += 32)%s acc += %s;
  for (int o = 16; o > 0; o >>= 1) acc += __shfl_down_sync(0xffffffff, acc, o);
  if (lane == 0) y[row] = acc;
}
extern "C" void f(const int* a, const int* b, int* y, int rows, int n) {
  dot<<<(rows + 3) / 4, 128>>>(a, b, y, rows, n);
}"""
FORMS = {"each": ("", "a[k] * b[k]", 1), "four": (" for (int j = 0; j < 4; ++j)", "a[k * 4 + j] * b[k * 4 + j]", 4)}


@pytest.mark.parametrize("form", FORMS)
def test_one_loop(form: str) -> None:
    inner, term, each = FORMS[form]
    cuda = platforms.get("cuda")
    (made,) = sequential(read(TEXT % (inner, term), cuda, "k.cu"), cuda)[0].kernels
    assert sum(isinstance(s, For) for s in statements(made)) == 2
    rng = np.random.default_rng(3)
    for n in (0, 5, 33, 70):
        a, b = (rng.integers(-9, 9, 4 * 80) for _ in range(2))
        y = np.zeros(2, dtype=np.int64)
        run(made, {"a": a, "b": b, "y": y}, rows=2, n=n)
        assert (y == (a * b)[: n * each].sum()).all()
