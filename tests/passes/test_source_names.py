"""Loops and accumulators of a closed form go by the names the source has for them, where it is plain which."""

from __future__ import annotations

import pytest

from xpiler import platforms
from xpiler.ir.nodes import For
from xpiler.ir.walk import declared, statements
from xpiler.text.read import read
from xpiler.to_pivot import sequential

POOL = """__global__ void pool(const float* in, float* out) {
  int c = threadIdx.x, w = blockIdx.x * 2 + threadIdx.y, h = blockIdx.y;
  if (w >= 3) return;
  float least = INFINITY;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) least = fminf(least, in[((h * 2 + i) * 8 + w * 2 + j) * 32 + c]);
  out[(h * 3 + w) * 32 + c] = least;
}"""
ROWS = """__global__ void scale(const float* x, const float* w, float* y, int rows, int cols) {
  int base = blockIdx.x * cols;
  for (int at = threadIdx.x; at < cols; at += blockDim.x) y[base + at] = w[at] * x[base + at];
}"""
HALVES = """__global__ void both(const float* x, const float* w, float* y) {
  int half = threadIdx.x;
  for (int e = 0; e < 2; ++e)
    y[blockIdx.x * 64 + half + e * 32] = w[half + e * 32] * x[blockIdx.x * 64 + half + e * 32];
}"""
TWO = """__global__ void sums(const float* x, float* y) {
  float first = 0.0f, second = 0.0f;
  for (int n = 0; n < 9; ++n) first += x[n];
  for (int n = 0; n < 9; ++n) second += x[n] * first;
  y[0] = second;
}"""


@pytest.mark.parametrize(("text", "threads", "blocks", "loops", "others"), [
    (POOL, "32,2,1", "2,3,1", ["h", "w", "c", "i", "j"], ["least"]),
    (ROWS, "64", "5", ["bx", "at"], []),
    (HALVES, "32", "5", ["bx", "e"], []),  # one loop over both: `half` does not go as far
    (TWO, "1", "1", ["n", "n"], ["sum", "sum"]),  # which of the two a sum is, nobody can say by the operation
])
def test_names(text: str, threads: str, blocks: str, loops: list[str], others: list[str]) -> None:
    cuda = platforms.get("cuda")
    axes = {f"{kind}.{axis}": size for kind, sizes in (("thread", threads), ("block", blocks))
            for axis, size in zip("xyz", sizes.split(","), strict=False)}
    kernel = sequential(read(text, cuda, "k.cu", geometry=axes), cuda)[0].kernels[0]
    short = [n.replace("blockIdx_x", "bx").split("_")[0] for n in declared(kernel.body)]
    counted = [s.var.name for s in statements(kernel) if isinstance(s, For)]
    assert [n.replace("blockIdx_x", "bx").split("_")[0] for n in counted] == loops
    assert [n for n in short if n not in loops and not n.startswith("v")] == others
