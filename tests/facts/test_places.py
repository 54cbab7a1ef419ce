"""Where the largest is, the first or the last: beside a running maximum, in one loop or two."""

from __future__ import annotations

import itertools

import pytest

from xpiler import platforms
from xpiler.engine import Options, translate
from xpiler.text.read import read
from xpiler.to_pivot import sequential
from xpiler.verify.ladder import Level
from pathlib import Path

C = platforms.get("c")
ROW = """#include <math.h>
void k(const float* x, int* at, int rows, int n) {
  for (int r = 0; r < rows; ++r) {
    float m = START;
    int i = -1;
    for (int c = 0; c < n; ++c) if (x[r * n + c] OP m) { m = x[r * n + c]; i = 2 * c + r; }
    at[r] = i;
  }
}"""
WINDOW = """#include <math.h>
void k(const float* x, float* y, int* at) {
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 7; ++j) {
      float m = -INFINITY;
      int p = 0;
      for (int h = i > 0 ? i - 1 : 0; h < (i + 2 < 6 ? i + 2 : 6); ++h)
        for (int w = j > 0 ? j - 1 : 0; w < (j + 2 < 7 ? j + 2 : 7); ++w)
          if (x[h * 7 + w] > m) { m = x[h * 7 + w]; p = h * 7 + w; }
      y[i * 7 + j] = m;
      at[i * 7 + j] = p;
    }
}"""


def closed(text: str) -> bool:
    return not any(s.startswith("--") for s in sequential(read(text, C, "k.c"), C)[1])


def rows() -> list[str]:
    starts = {">": "-INFINITY", ">=": "0.5f", "<": "INFINITY", "<=": "-0.25f"}
    return [ROW.replace("OP", op).replace("START", start) for op, start in starts.items()]


@pytest.mark.slow
@pytest.mark.parametrize(("text", "target"), [
    *itertools.product(rows(), ["vnni"]), (WINDOW, "cuda")], ids=["first", "last", "least", "last least", "window"])
def test_a_place_beside_a_running_extreme(text: str, target: str, cache: Path) -> None:
    assert closed(text)
    options = Options(seeds=2, budget=20.0, level=Level.TESTS, cache=cache)
    done = translate(text, C, platforms.get(target), file="k.c", options=options)
    assert done.confirmed and not [s for s in done.trace if s.startswith("--")]


@pytest.mark.parametrize(("right", "wrong"), [
    ("m = x[r * n + c];", "m = x[r * n + c] + 1.0f;"), ("x[r * n + c] > m)", "x[r * n + c] + 1.0f > m)"),
    ("i = 2 * c + r;", "i = 2 * i + c;"), ("x[r * n + c] > m)", "x[r * n + c] != m)"),
])
def test_another_condition_is_not_taken_for_it(right: str, wrong: str) -> None:
    text = rows()[0]
    assert right in text and not closed(text.replace(right, wrong))
