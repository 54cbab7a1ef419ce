"""Sizes of arrays in kernels whose results have no closed form: from their accesses, one by one."""

from __future__ import annotations

import pytest

from xpiler import platforms, to_pivot
from xpiler.facts.summary import summarise
from xpiler.facts.writes import Unsummarised
from xpiler.passes.plain.ranges import ranges
from xpiler.text.read import read
from xpiler.verify.evaluate import evaluate

C = platforms.get("c")

SCAN = "void f(const float* x, float* y, int n) { float s = 0; for (int i = 0; i < n; ++i) { s = s * x[i] + 1; y[i] = s; } }"
WHILE = """void f(const float* x, float* y, int n) {
  int i = 0;
  while (i < n) { y[i] = x[2 * i + 1]; if (x[2 * i] > 0) i += 1; else i += 2; }
}"""
LEAVES = """void f(const float* x, float* y, int n) {
  float top = 0;
  for (int i = 0; i < 64; ++i) { if (i >= n) return; top = top * x[i] + 1; y[i] = top; }
}"""
GUARDED = """void f(const int* at, const float* x, float* y, int n, int m) {
  float s = 0;
  for (int i = 0; i < n; ++i) { int j = at[i]; if (j >= 0 && j < m) s = s * x[j] + 1; y[i] = s; }
}"""
UNBOUNDED = """void f(const int* at, const float* x, float* y, int n) {
  float s = 0;
  for (int i = 0; i < n; ++i) { s = s * x[at[i]] + 1; y[i] = s; }
}"""


@pytest.mark.parametrize(
    ("text", "scalars", "sizes"),
    [
        (SCAN, {"n": 37}, {"x": 37, "y": 37}),
        (WHILE, {"n": 10}, {"x": 20, "y": 10}),
        (LEAVES, {"n": 10}, {"x": 10, "y": 10}),
        (GUARDED, {"n": 10, "m": 5}, {"at": 10, "x": 5, "y": 10}),
        (UNBOUNDED, {"n": 10}, {"at": 10, "y": 10}),
    ],
    ids=["carried", "while", "leaves", "guarded", "unbounded"],
)
def test_sizes_without_a_closed_form(text: str, scalars: dict[str, int], sizes: dict[str, int]) -> None:
    pivot, _ = to_pivot.sequential(read(text, C, "k.c"), C)
    kernel = pivot.kernels[0]
    with pytest.raises(Unsummarised):
        summarise(kernel)
    assert {name: evaluate(r.extent, scalars) for name, r in ranges(kernel).items()} == sizes
